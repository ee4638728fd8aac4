"""What goes wrong outside of runs: ticks that fail, automation that stands still, runs without an end, no release.

Each look compares what is wrong now with the history, and adds an observation for each problem that is new or gone.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg

from sentinel_orchestration.internals import newest_heartbeat
from sentinel_orchestration.observe.automation_state import Automation
from sentinel_orchestration.observe.dagster_log import job_name, naive, utc_of
from sentinel_orchestration.observe.history import History
from sentinel_orchestration.observe.incidents import PLATFORM
from sentinel_orchestration.observe.observations import Trouble, note
from sentinel_orchestration.publish.assets import WAREHOUSE_KEY
from sentinel_orchestration.resources.failure import Failure
from sentinel_orchestration.settings import Settings

TICK, DEAD, UNFINISHED, OVERDUE = "tick-failed", "automation-dead", "run-not-finished", "release-overdue"
KINDS = (TICK, DEAD, UNFINISHED, OVERDUE)
DAEMON = "Dagster daemon"
SILENT_SEC = 300.0  # without a heartbeat: the daemon writes two per minute
AT_WORK = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def watch(
    history: History,
    instance: dg.DagsterInstance,
    repository: dg.RepositoryDefinition,
    settings: Settings,
    now: datetime | None = None,
) -> None:
    """Looks at everything once. `observe.recorder.record` makes incidents of what was seen."""
    now = now or datetime.now(UTC).replace(tzinfo=None)
    found = [
        *_automation(instance, repository, now),
        *_daemon(instance, now),
        *_runs(instance, now - timedelta(hours=settings.run_hours)),
        *_release(instance, settings.release_hours, now),
    ]
    with history.transaction() as connection:
        note(connection, KINDS, [replace(trouble, owner=PLATFORM) for trouble in found], now)


def _automation(instance: dg.DagsterInstance, repository: dg.RepositoryDefinition, now: datetime) -> Iterator[Trouble]:
    for automation in Automation.all_that_is_on(instance, repository):
        name, failed = automation.name, automation.failed_ticks(instance)
        if failed:
            error = Failure.behind(failed[0].error)
            yield Trouble(f"tick {name}", TICK, name, utc_of(failed[-1].at), f"Each tick fails: {error}.")
        silent_since = automation.silent_since(instance, now.replace(tzinfo=UTC).timestamp())
        if silent_since is not None:
            detail = "It is on, and has not ticked although the daemon is at work."
            yield Trouble(f"dead {name}", DEAD, name, utc_of(silent_since), detail)


def _daemon(instance: dg.DagsterInstance, now: datetime) -> Iterator[Trouble]:
    """Whoever looks from within the daemon never finds it dead: that takes `sentinel alerts check`."""
    beat = newest_heartbeat(instance)
    if beat is not None and now.replace(tzinfo=UTC).timestamp() - beat > SILENT_SEC:
        yield Trouble(
            "daemon", DEAD, DAEMON, utc_of(beat), "It has stopped: no sensor, schedule or queued run goes on."
        )


def _runs(instance: dg.DagsterInstance, latest: datetime) -> Iterator[Trouble]:
    for record in instance.get_run_records(dg.RunsFilter(statuses=AT_WORK)):
        run, started = record.dagster_run, utc_of(record.start_time)
        began = started or naive(record.create_timestamp)
        if began < latest:
            state = "It has started and has not ended." if started else "It waits in the queue and has not started."
            yield Trouble(f"unfinished {run.run_id}", UNFINISHED, job_name(run), began, f"{state} Run {run.run_id}.")


def _release(instance: dg.DagsterInstance, hours: int, now: datetime) -> Iterator[Trouble]:
    newest = instance.get_latest_materialization_event(WAREHOUSE_KEY)
    released = utc_of(newest.timestamp) if newest else None
    if released is not None and released + timedelta(hours=hours) < now:
        detail = f"The last release was {released:%Y-%m-%d %H:%M} UTC; one is due every {hours} h."
        yield Trouble("release", OVERDUE, WAREHOUSE_KEY.to_user_string(), released + timedelta(hours=hours), detail)
