"""One build of the whole graph in this process, recorded in the Dagster instance like any other run.

Belongs here: receiving, starting the run, and what came of it. Does not belong here: how that is shown (console).
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.utils import make_new_run_id

from sentinel_orchestration.automation.jobs import BUILD_JOB, BUILD_WITHOUT_REPORT_JOB, build_tags
from sentinel_orchestration.checks.expectations import worker
from sentinel_orchestration.lake.batches import BatchRecord
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.settings import Settings
from sentinel_orchestration.warehouse.lock import hold_build_lock, release_build_lock

if TYPE_CHECKING:
    from dagster._core.events.log import EventLogEntry

PUBLISH_STEP = "published__warehouse"
OUR_ERROR = re.compile(r"^sentinel_orchestration\.[\w.]+: ")  # its message is meant for people as it is
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}  # the listener tells what a person needs
Listener = Callable[["EventLogEntry"], None]


@dataclass(frozen=True)
class BuildOutcome:
    """What a build came to: why it failed, in words (None where it published), and checks by result."""

    run_id: str
    succeeded: bool
    published: bool
    error: str | None
    seconds: float
    checks: Mapping[str, int]


def receive_all(lake: Lake) -> dict[str, list[BatchRecord]]:
    """Receives what people handed in, feed by feed, so that the days to build are known before the run starts."""
    return {feed: lake.receive(feed) for feed in lake.contracts if lake.source(feed) == "inbox"}


def run_build(
    settings: Settings,
    lake: Lake,
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    with_report: bool,
    listener: Listener,
    on_wait: Callable[[str], None],
) -> BuildOutcome:
    """Materialises the whole graph. `listener` gets every event of the run as it happens."""
    hold_build_lock(settings.build_dir, "sentinel build", on_wait)
    started = time.monotonic()
    worker.start()  # imports Great Expectations while the steps before it work
    job = definitions.resolve_job_def(BUILD_JOB if with_report else BUILD_WITHOUT_REPORT_JOB)
    run_id = make_new_run_id()
    try:
        instance.add_event_listener(run_id, listener)
        result = job.execute_in_process(
            instance=instance, tags=build_tags(lake), raise_on_error=False, run_id=run_id, run_config=QUIET
        )
        error = None if result.success else _first_error(result)
        published = any(e.is_step_success and e.step_key == PUBLISH_STEP for e in result.all_events)
        return BuildOutcome(run_id, result.success, published, error, time.monotonic() - started, _count_checks(result))
    finally:
        worker.stop()
        release_build_lock(settings.build_dir)


def _first_error(result: dg.ExecuteInProcessResult) -> str:
    """The first failed step and why: what its author said, or the checks that failed in it, or the exception."""
    for event in result.all_events:
        if not event.is_step_failure:
            continue
        failure = event.step_failure_data
        if failure.user_failure_data and failure.user_failure_data.description:
            return f"{event.step_key}: {failure.user_failure_data.description}"
        checks = [
            f"{c.asset_key.to_user_string()} {c.check_name}: {c.description or 'failed'}"
            for c in result.get_asset_check_evaluations()
            if not c.passed and c.severity == dg.AssetCheckSeverity.ERROR and c.blocking
        ]
        if checks:
            return "\n".join([f"{event.step_key}:", *checks])
        if failure.error:
            cause = failure.error.cause or failure.error
            return f"{event.step_key}: {OUR_ERROR.sub('', cause.message.strip())}"
    return "the run failed before its first step"


def _count_checks(result: dg.ExecuteInProcessResult) -> dict[str, int]:
    counts = {"passed": 0, "warned": 0, "failed": 0}
    for check in result.get_asset_check_evaluations():
        is_warning = check.severity == dg.AssetCheckSeverity.WARN
        counts["passed" if check.passed else "warned" if is_warning else "failed"] += 1
    return counts
