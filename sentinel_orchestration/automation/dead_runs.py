"""Runs whose process was killed: nothing else would end them, and the pools they hold would stay taken."""

import dagster as dg

from sentinel_orchestration.internals import free_pool_slots, pool_holders
from sentinel_orchestration.layout import Layout
from sentinel_orchestration.lock import is_abandoned
from sentinel_orchestration.resources.run_log import KILLED, note_killed
from sentinel_orchestration.settings import Settings

UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
LOOK_EVERY_SEC = 30


def close_dead_runs(instance: dg.DagsterInstance, layout: Layout) -> None:
    """Marks as failed every unfinished run whose process is gone, and gives its places in pools to those who wait.

    A run's process holds the run's lock file (resources/settings.py); the kernel lets go of it with the process.
    """
    for run in instance.get_runs(dg.RunsFilter(statuses=UNFINISHED)):
        lock = layout.run_lock(run.run_id)
        if is_abandoned(lock):
            instance.report_run_failed(run, KILLED)
            note_killed(layout, run)
            free_pool_slots(instance, run.run_id)
            lock.unlink(missing_ok=True)
    for run_id in {run_id for holders in pool_holders(instance).values() for run_id in holders}:
        holder = instance.get_run_by_id(run_id)
        if holder is None or holder.is_finished:
            free_pool_slots(instance, run_id)


def dead_runs_sensor(settings: Settings) -> dg.SensorDefinition:
    """Closes dead runs for those that wait without a command: runs of the UI, of a schedule, of a backfill.

    Dagster's own run monitoring cannot: its default launcher does not know whether a run's process lives.
    """

    @dg.sensor(
        name="dead_runs",
        minimum_interval_seconds=LOOK_EVERY_SEC,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Marks runs as failed whose process was killed, so that nobody waits for them.",
    )
    def dead_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        close_dead_runs(context.instance, settings.layout)
        return dg.SkipReason("It starts nothing.")

    return dead_runs
