"""Sentinel's own Dagster instance: where it lies and what it is told.

Belongs here: opening the instance. Does not belong here: how it keeps events (event_log) or runs (build).
"""

import os

import dagster as dg
from dagster._core.instance.ref import InstanceRef

from sentinel_orchestration.automation.event_log import WarmSqliteEventLogStorage
from sentinel_orchestration.files import copy_file
from sentinel_orchestration.lock import locked
from sentinel_orchestration.settings import PROJECT_DIR, Settings

EVENTS_A_BATCH = "1000"  # a run over many days plans and records each day of each feed


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The instance under the data folder, made on first use, with the project's dagster.yaml."""
    home = settings.dagster_home
    copy_file(PROJECT_DIR / "dagster.yaml", home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", EVENTS_A_BATCH)
    event_log = {
        "module": WarmSqliteEventLogStorage.__module__,
        "class": WarmSqliteEventLogStorage.__name__,
        "config": {"base_dir": str(home / "history" / "runs")},
    }
    with locked(home / "open.lock"):  # two processes that make the same tables at once trip each other up
        return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home), overrides={"event_log_storage": event_log}))
