"""Sentinel's own Dagster instance, under the data folder; a user's own dagster.yaml there is respected."""

import os
from typing import Any

import dagster as dg
import yaml

from sentinel_orchestration.automation.event_log import WarmSqliteEventLogStorage
from sentinel_orchestration.files import copy_file
from sentinel_orchestration.internals import instance_from_folder, require_pool
from sentinel_orchestration.lake.assets import POOL as LAKE_POOL
from sentinel_orchestration.lock import locked
from sentinel_orchestration.publish.assets import REPORT_POOL
from sentinel_orchestration.settings import PROJECT_DIR, Settings
from sentinel_orchestration.warehouse.translation import WAREHOUSE_POOL

MARK = "# Written by Sentinel"  # how the file starts that may be replaced by a newer one
EVENTS_PER_BATCH = "1000"  # a run over many days plans and records each day of each feed


class InstanceError(RuntimeError):
    """A dagster.yaml that Sentinel cannot work with; the message names the file, the rule and the fix."""


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The instance in the data folder, made on first use.

    Raises InstanceError for a dagster.yaml of the user's that would let two runs write the same thing at once.
    """
    home = settings.layout.dagster
    config = home / "dagster.yaml"
    if not config.exists() or config.read_text(encoding="utf-8", errors="replace").startswith(MARK):
        copy_file(PROJECT_DIR / "dagster.yaml", config)
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", EVENTS_PER_BATCH)  # Dagster's own; it reads it nowhere else
    try:
        chosen: Any = yaml.safe_load(config.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise InstanceError(f"{config} is not YAML: {error}. Fix it, or remove it to get Sentinel's own.") from error
    with locked(home / "open.lock"):  # two processes that make the same tables at once trip each other up
        instance = instance_from_folder(
            home, None if {"storage", "event_log_storage"} & set(chosen) else _event_log(settings)
        )
        for pool in (LAKE_POOL, WAREHOUSE_POOL, REPORT_POOL):
            try:
                require_pool(instance, pool)
            except ValueError as error:
                raise InstanceError(f"{config}: {error}, which would let runs overlap. Set it to `op`.") from error
    return instance


def _event_log(settings: Settings) -> dict[str, Any]:
    return {
        "module": WarmSqliteEventLogStorage.__module__,
        "class": WarmSqliteEventLogStorage.__name__,
        "config": {"base_dir": str(settings.layout.event_logs)},
    }
