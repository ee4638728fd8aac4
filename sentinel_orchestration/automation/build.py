"""One build of the whole graph in this process, recorded in the Dagster instance like any other run.

Belongs here: receiving, starting the run, and what came of it. Does not belong here: how that is shown (console).
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.events import RunFailureReason
from dagster._core.execution.plan.objects import StepFailureData
from dagster._core.utils import make_new_run_id

from sentinel_orchestration.automation.jobs import BUILD_JOB, BUILD_WITHOUT_REPORT_JOB, build_tags
from sentinel_orchestration.checks.expectations import ask_ahead, worker
from sentinel_orchestration.lake.batches import BatchRecord
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lock import hold_build_lock, release_build_lock
from sentinel_orchestration.mishaps import mishap
from sentinel_orchestration.settings import Settings

if TYPE_CHECKING:
    from dagster._core.events.log import EventLogEntry

MODELS_STEP, PUBLISH_STEP = "dbt_models", "published__warehouse"
OUR_ERROR = re.compile(r"^sentinel_orchestration\.[\w.]+: ")  # its message is meant for people as it is
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}  # the listener tells what a person needs
OURS = {"sentinel/command": "true"}  # runs in the process of a command, which holds the build lock
UNFINISHED = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
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
    """Materialises the whole graph. `listener` gets every event of the run as it happens.

    Raises KeyboardInterrupt on Ctrl-C, which Dagster keeps to itself, once the run is recorded as failed.
    """
    hold_build_lock(settings.build_dir, "sentinel build", on_wait)
    started = time.monotonic()
    _close_killed_runs(instance)
    worker.start()  # imports Great Expectations while the steps before it work
    job = definitions.resolve_job_def(BUILD_JOB if with_report else BUILD_WITHOUT_REPORT_JOB)
    run_id = make_new_run_id()

    def follow(entry: "EventLogEntry") -> None:
        listener(entry)
        if entry.dagster_event and entry.dagster_event.is_step_start and entry.step_key == MODELS_STEP:
            ask_ahead(settings)

    try:
        instance.add_event_listener(run_id, follow)
        result = job.execute_in_process(
            instance=instance, tags=build_tags(lake) | OURS, raise_on_error=False, run_id=run_id, run_config=QUIET
        )
        if _was_interrupted(result):
            raise KeyboardInterrupt
        error = None if result.success else _first_error(result, settings)
        published = any(e.is_step_success and e.step_key == PUBLISH_STEP for e in result.all_events)
        return BuildOutcome(run_id, result.success, published, error, time.monotonic() - started, _count_checks(result))
    finally:
        worker.stop()
        release_build_lock(settings.build_dir)


def _close_killed_runs(instance: dg.DagsterInstance) -> None:
    """Marks runs of killed commands as failed. Their lock is ours now, so none of them lives."""
    for run in instance.get_runs(dg.RunsFilter(tags=OURS, statuses=UNFINISHED)):
        instance.report_run_failed(run, "The process of this run ended before the run did: it was killed.")


def _was_interrupted(result: dg.ExecuteInProcessResult) -> bool:
    failures = (event.job_failure_data for event in result.all_events if event.is_job_failure)
    return any(failure.failure_reason == RunFailureReason.UNEXPECTED_TERMINATION for failure in failures)


def _first_error(result: dg.ExecuteInProcessResult, settings: Settings) -> str:
    """The first failed step and why: what its author said, or the checks that failed in it, or the exception."""
    for event in result.all_events:
        if not event.is_step_failure:
            continue
        failure = event.step_failure_data
        told = mishap("\n".join(_messages(event.step_key, failure)), settings)
        if told:
            return f"{event.step_key}: {told}"
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


def _messages(step: str | None, failure: StepFailureData) -> Iterator[str]:
    """What others than Sentinel said; a failure of its own making holds others' words in one step only."""
    if failure.user_failure_data:
        if step != MODELS_STEP:
            return
        yield failure.user_failure_data.description or ""
    error = failure.error
    while error:
        yield error.message
        error = error.cause


def _count_checks(result: dg.ExecuteInProcessResult) -> dict[str, int]:
    counts = {"passed": 0, "warned": 0, "failed": 0}
    for check in result.get_asset_check_evaluations():
        is_warning = check.severity == dg.AssetCheckSeverity.WARN
        counts["passed" if check.passed else "warned" if is_warning else "failed"] += 1
    return counts
