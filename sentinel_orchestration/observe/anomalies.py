"""Judges the numbers that runs leave behind, and gives those that are unusual now, as problems."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import duckdb

from sentinel_orchestration.observe.observations import Trouble

ANOMALY = "anomaly"  # the kind of these problems
JUDGE = (Path(__file__).parent / "judgements.sql").read_text(encoding="utf-8")
NEWEST = """
select measures, asset, series, measured_at, value, is_seasonal, compared_with, expected, score
from judgements
where measured_at > (select read_at from meta) - interval 1 week
qualify is_unusual and row_number() over (partition by measures, series order by measured_at desc, seq desc) = 1
order by all
"""


def unusual(connection: duckdb.DuckDBPyConnection) -> Iterator[Trouble]:
    """Judges what is new, and gives each series whose newest number is unusual. One of a week ago is no news any more."""
    connection.execute(JUDGE)
    for measures, asset, series, at, value, is_seasonal, count, expected, score in connection.execute(
        NEWEST
    ).fetchall():
        others = f"{at:%A}s at {at:%H}:00 UTC" if is_seasonal else "times before"
        said = f"{_said(measures, series, value)}, and usually {_number(measures, expected)}: the median of {count} {others}"
        yield Trouble(f"anomaly {measures} {series}", ANOMALY, asset, at, f"{said} (z {score:+.1f}).", "warn")


def _said(measures: Literal["rows", "duration", "figure"], series: str, value: float) -> str:
    verb = {"rows": "has", "duration": "took", "figure": "is"}[measures]
    return f"{series} {verb} {_number(measures, value)}"


def _number(measures: str, value: float) -> str:
    return {"rows": f"{value:,.0f} rows", "duration": f"{value:,.1f} s", "figure": f"{value:,.4g}"}[measures]
