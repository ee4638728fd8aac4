"""Reads what happened since the last time into the history, judges it, and carries it into the incidents."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb

from sentinel_orchestration.internals import AssetGraph
from sentinel_orchestration.observe.catalogue import keep_catalogue
from sentinel_orchestration.observe.dagster_log import RunRows, read_run
from sentinel_orchestration.observe.history import History, insert
from sentinel_orchestration.observe.judge import judge

INCIDENTS = (Path(__file__).parent / "incidents.sql").read_text(encoding="utf-8")
OVERLAP = timedelta(minutes=5)  # clocks of machines differ, and a run's record is written a moment after its time
RUNS_AT_ONCE = 50
EVENT, HAPPENED = (
    1,
    4,
)  # columns of steps, materializations and results; SQLite counts events by run, so time comes first


def record(history: History, instance: dg.DagsterInstance, graph: AssetGraph) -> None:
    """Brings the history up to now. What was read before is not read again, so it may be called as often as one likes.

    Each batch of runs is kept by itself: a first reading of years can be stopped and goes on where it was.
    """
    started = datetime.now(UTC).replace(tzinfo=None)
    with history.transaction() as connection:
        keep_catalogue(connection, graph, started)
        since, open_runs = _bookmark(connection)
    for records in _changed(instance, since, open_runs):
        with history.transaction() as connection:
            _add(connection, [read_run(instance, found, open_runs.get(found.dagster_run.run_id)) for found in records])
            connection.execute(INCIDENTS)
    with history.transaction() as connection:
        connection.execute("update meta set read_at = ?", [started])
        _close_what_is_gone(connection, started)
        judge(connection, history.layout.slos, started)
        connection.execute(INCIDENTS)


def _bookmark(connection: duckdb.DuckDBPyConnection) -> tuple[datetime | None, dict[str, str | None]]:
    """When the history was last brought up, and the runs that went on then: run id → cursor."""
    found = connection.execute("select read_at from meta").fetchone()
    unread = connection.execute("select run_id, read_to from runs where not is_read").fetchall()
    return (found[0] if found else None), dict(unread)


def _changed(
    instance: dg.DagsterInstance, since: datetime | None, open_runs: dict[str, str | None]
) -> Iterator[Sequence[dg.RunRecord]]:
    """The runs that may have news, oldest first, in batches. All ids are taken at once: retention may delete runs meanwhile."""
    after = (since - OVERLAP).replace(tzinfo=UTC) if since else None
    ids = [*dict.fromkeys([*reversed(instance.get_run_ids(dg.RunsFilter(updated_after=after))), *open_runs])]
    for start in range(0, len(ids), RUNS_AT_ONCE):
        yield instance.get_run_records(dg.RunsFilter(run_ids=ids[start : start + RUNS_AT_ONCE]), ascending=True)


def _add(connection: duckdb.DuckDBPyConnection, runs: list[RunRows]) -> None:
    known = {run_id for (run_id,) in connection.execute("select run_id from runs where is_read").fetchall()}
    news = [found for found in runs if found.record.dagster_run.run_id not in known]
    for table in ("steps", "materializations", "check_results"):
        rows = [row for found in news for row in getattr(found, table)]
        insert(connection, table, sorted(rows, key=lambda row: (row[HAPPENED], row[EVENT])))
    ids = [found.run[0] for found in news]
    connection.execute("delete from runs where run_id in (select unnest(?::varchar[]))", [ids])
    insert(connection, "runs", [found.run for found in news])


def _close_what_is_gone(connection: duckdb.DuckDBPyConnection, at: datetime) -> None:
    """A check that the graph no longer has never passes again."""
    connection.execute(
        """
        insert into observations
        select i.problem, i.kind, i.subject, ?, false, 'warn', null, 'it no longer exists', i.domain, i.owner, nextval('seq')
        from incidents i
        where i.resolved_at is null and i.kind = 'check'
          and not exists (select 1 from checks c where c.asset = i.subject and c.check_name = i.check_name)
        """,
        [at],
    )
