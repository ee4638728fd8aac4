"""One run of a job in this process, recorded in the Dagster instance like any other, and what came of it."""

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg

from sentinel_orchestration.automation.dead_runs import close_dead_runs
from sentinel_orchestration.automation.failures import first_error
from sentinel_orchestration.automation.jobs import BUILD_JOB, BUILD_WITHOUT_REPORT_JOB
from sentinel_orchestration.files import sweep
from sentinel_orchestration.internals import new_run_id, pool_holders, was_interrupted
from sentinel_orchestration.lake.checks import SKIPPED
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.run import DayRange, lake_tags
from sentinel_orchestration.layout import Layout
from sentinel_orchestration.lock import is_abandoned, locked_while_alive
from sentinel_orchestration.resources.run_log import COMMAND_TAG
from sentinel_orchestration.settings import Settings

PUBLISH_STEP, REPORT_STEP = "published__warehouse", "published__report"
PUBLISHED_STEPS = {PUBLISH_STEP, REPORT_STEP}
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}  # the listener reports what a person needs
BLOCKED = "blocked by limit for pool"
WATCH_SEC = 2.0
Listener = Callable[[dg.EventLogEntry], None]


@dataclass(frozen=True)
class BuildOutcome:
    """What a build came to: why it failed, in words (None where it succeeded), and its checks by result.

    `unchanged` is true where neither the release nor its report differs from what was there before.
    """

    run_id: str
    succeeded: bool
    published: bool
    unchanged: bool
    error: str | None
    checks: Mapping[str, int]


def run_build(
    settings: Settings,
    lake: Lake,
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    with_report: bool,
    listener: Listener,
    on_wait: Callable[[str], None],
    days: DayRange | None = None,
) -> BuildOutcome:
    """Materializes the whole graph, of event feeds `days` alone where given. `listener` gets every event as it happens.

    Raises KeyboardInterrupt on Ctrl-C, once the run is recorded as failed.
    """
    job = BUILD_JOB if with_report else BUILD_WITHOUT_REPORT_JOB
    command, tags = ("sentinel backfill", days.tags) if days else ("sentinel build", {})
    result = run_job(settings, definitions, instance, job, command, listener, on_wait, lake_tags(lake) | tags)
    error = None if result.success else first_error(result, settings)
    made = [event for event in result.all_events if event.is_step_materialization and event.step_key in PUBLISHED_STEPS]
    published = any(event.step_key == PUBLISH_STEP for event in made)
    unchanged = published and all(_is_unchanged(event) for event in made)
    return BuildOutcome(result.run_id, result.success, published, unchanged, error, _count_checks(result))


def run_job(
    settings: Settings,
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    job: str,
    command: str,
    listener: Listener,
    on_wait: Callable[[str], None],
    tags: Mapping[str, str] | None = None,
) -> dg.ExecuteInProcessResult:
    """Runs a job to its end. While another run holds a pool it needs, it waits its turn, and `on_wait` gets that name."""
    layout, run_id = settings.layout, new_run_id()
    layout.warehouse.parent.mkdir(parents=True, exist_ok=True)
    close_dead_runs(instance, layout)
    waiting = threading.Event()

    def follow(entry: dg.EventLogEntry) -> None:
        listener(entry)
        if BLOCKED in entry.user_message and not waiting.is_set():
            waiting.set()
            on_wait(f"waiting for {_holder(instance, run_id)} to finish")

    with locked_while_alive(layout.run_lock(run_id)):
        if _is_alone(instance, run_id):
            remove_leftovers(layout)
        instance.add_event_listener(run_id, follow)
        with _watching(instance, layout, waiting):
            result = definitions.resolve_job_def(job).execute_in_process(
                instance=instance,
                tags={**(tags or {}), COMMAND_TAG: command},
                raise_on_error=False,
                run_id=run_id,
                run_config=QUIET,
            )
    if was_interrupted(result):
        raise KeyboardInterrupt
    return result


@contextmanager
def _watching(instance: dg.DagsterInstance, layout: Layout, waiting: threading.Event) -> Iterator[None]:
    """While the run waits, looks whether those it waits for still live."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(WATCH_SEC):
            if waiting.is_set():
                close_dead_runs(instance, layout)

    watcher = threading.Thread(target=watch, name="dead runs", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def remove_leftovers(layout: Layout) -> None:
    """Removes what killed processes did not finish. Not while another run works: it may need the scratch folders."""
    for scratch in (layout.report_scratch, layout.report_home):
        shutil.rmtree(scratch, ignore_errors=True)
    if is_abandoned(layout.verify_lock):
        shutil.rmtree(layout.verify_scratch, ignore_errors=True)
        layout.verify_lock.unlink(missing_ok=True)
    sweep(layout.data, without=layout.dagster)
    sweep(layout.inbox)


def _is_alone(instance: dg.DagsterInstance, run_id: str) -> bool:
    busy = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING]))
    return all(run.run_id == run_id for run in busy)


def _holder(instance: dg.DagsterInstance, run_id: str) -> str:
    """The run that holds a pool, or one that has just left it and works on."""
    holders = {held for runs in pool_holders(instance).values() for held in runs}
    at_work = instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    others = [record for record in at_work if record.dagster_run.run_id != run_id]
    if not others:
        return "another run"
    record = max(others, key=lambda other: (other.dagster_run.run_id in holders, -other.storage_id))
    run = record.dagster_run
    name = run.tags.get(COMMAND_TAG) or f"run {run.run_id[:8]} of {run.job_name}"
    return f"{name} (started {record.create_timestamp:%Y-%m-%d %H:%M:%S} UTC)"


def _is_unchanged(event: dg.DagsterEvent) -> bool:
    """Whether a published asset says of itself that it was there already."""
    found = event.step_materialization_data.materialization.metadata.get("unchanged")
    return found is not None and bool(found.value)


def _count_checks(result: dg.ExecuteInProcessResult) -> dict[str, int]:
    counts = {"passed": 0, "skipped": 0, "warned": 0, "failed": 0}
    for check in result.get_asset_check_evaluations():
        good = "skipped" if SKIPPED in check.metadata else "passed"
        bad = "warned" if check.severity == dg.AssetCheckSeverity.WARN else "failed"
        counts[good if check.passed else bad] += 1
    return counts
