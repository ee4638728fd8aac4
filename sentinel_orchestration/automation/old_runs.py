"""Runs that ended long ago and that no asset or check stands on."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial

import dagster as dg

from sentinel_orchestration.internals import delete_runs, runs_in_use
from sentinel_orchestration.layout import Layout
from sentinel_orchestration.observe.dagster_log import job_name
from sentinel_orchestration.surplus import Surplus, size_of

ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


def old_runs(instance: dg.DagsterInstance, layout: Layout, before: datetime) -> list[Surplus]:
    """The runs of each job that ended before `before` (naive UTC).

    The run that made the newest version of an asset or of one of its days stays, and so does that of the newest result of a
    check: Dagster would take the day for missing, and the audit the check for never run.
    """
    in_use = runs_in_use(instance)
    by_job: dict[str, list[str]] = {}
    for run in instance.get_runs(dg.RunsFilter(statuses=ENDED, updated_before=before)):
        if run.run_id not in in_use:
            by_job.setdefault(job_name(run), []).append(run.run_id)
    return [_surplus(instance, layout, job, ids, before) for job, ids in sorted(by_job.items())]


def _surplus(instance: dg.DagsterInstance, layout: Layout, job: str, run_ids: list[str], before: datetime) -> Surplus:
    what = f"{len(run_ids):,} {'run' if len(run_ids) == 1 else 'runs'} of {job}"
    why = f"ended before {before:%Y-%m-%d}, and made nothing that is current"
    return Surplus(what, why, _size(layout, run_ids), partial(delete_runs, instance, run_ids))


def _size(layout: Layout, run_ids: Iterable[str]) -> int:
    return sum(size_of(path) for run_id in run_ids for path in layout.run_files(run_id))
