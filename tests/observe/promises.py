"""A history in memory whose SLO counts events at chosen times, so that burn rates can be computed by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import duckdb

from sentinel_orchestration.checks.volume import MODIFIED_Z
from sentinel_orchestration.observe.history import SCHEMA, fill
from sentinel_orchestration.observe.objectives import Objectives, Slo

NOW = datetime(2026, 11, 2, 12)
SLO = {
    "name": "builds",
    "description": "A build succeeds.",
    "measures": "success",
    "objective": 0.95,
    "window_days": 30,
}


def promised(**changes: object) -> duckdb.DuckDBPyConnection:
    """The tables of a history that promises one SLO."""
    connection = duckdb.connect()
    connection.execute(MODIFIED_Z + SCHEMA)
    connection.execute("insert into meta (version, read_at) values (1, ?)", [NOW])
    fill(connection, Objectives(slos=(Slo.model_validate(SLO | changes),)).tables)
    return connection


def add_runs(connection: duckdb.DuckDBPyConnection, events: Iterable[tuple[datetime, bool]]) -> None:
    """A run that ended then, well or not, for each event."""
    known = connection.execute("select count(*) from runs").fetchone()
    assert known
    rows = [
        (str(number), "build", at, at, at, "succeeded" if good else "failed")
        for number, (at, good) in enumerate(events, start=known[0])
    ]
    if rows:
        columns = "run_id, job, created_at, started_at, ended_at, status"
        connection.executemany(f"insert into runs ({columns}) values (?, ?, ?, ?, ?, ?)", rows)


def add_stream(
    connection: duckdb.DuckDBPyConnection, first: datetime, last: datetime, every: timedelta, bad_when: str
) -> None:
    """Runs at equal distances from `first` to `last`. `bad_when` is SQL on their number `n`, 0 being the first."""
    connection.execute(
        f"""
        insert into runs (run_id, job, created_at, started_at, ended_at, status)
        select uuid()::varchar, 'build', t, t, t, if({bad_when}, 'failed', 'succeeded')
        from (select n, $first + n * $every as t from range($count) r(n))
        """,
        {"first": first, "every": every, "count": (last - first) // every + 1},
    )
