"""Numbers of runs against those before them: the score against NumPy and SciPy, and what becomes of an unusual one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import median_abs_deviation

from sentinel_orchestration.observe.anomalies import unusual
from sentinel_orchestration.observe.history import fill
from sentinel_orchestration.observe.objectives import AnomalyRule, Objectives
from tests.observe.graph import Runs
from tests.observe.promises import NOW, promised

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
ROWS = {"measures": "rows", "floor": 1, "min_history": 5}
WATCHED = "anomalies: [{measures: rows, of: '*', floor: 1, min_history: 5}]\n"
ANOMALIES = """
    select problem, kind, subject, severity, domain, owner, detail, resolved_at is not null
    from incidents where kind = 'anomaly'
"""
JUDGED = "select is_seasonal, compared_with, score, is_unusual from judgements where measured_at = ?"


def watched(*rules: dict[str, object]) -> duckdb.DuckDBPyConnection:
    """The tables of a history that judges by these rules."""
    connection = promised()
    fill(connection, Objectives(anomalies=tuple(AnomalyRule.model_validate(rule) for rule in rules)).tables)
    return connection


def add_rows(connection: duckdb.DuckDBPyConnection, *made: tuple[datetime, float], asset: str = "marts/towers") -> None:
    """A materialization with so many rows at each of these moments."""
    for at, rows in made:
        connection.execute(
            "insert into materializations (run_id, event_id, asset, materialized_at, rows, seq) "
            "values (uuid()::varchar, nextval('seq'), ?, ?, ?, nextval('seq'))",
            [asset, at, rows],
        )


def daily(*values: float, until: datetime = NOW) -> list[tuple[datetime, float]]:
    """A value per day, the last one at `until`, an hour of the day later each day: no two share an hour of the week."""
    return [(until - number * (DAY + HOUR), value) for number, value in enumerate(reversed(values))]


def _score(value: float, past: list[float], floor: float) -> float:
    middle = float(np.median(past))
    return 0.6745 * (value - middle) / max(median_abs_deviation(past), 0.02 * abs(middle), floor)


@settings(max_examples=60, deadline=None)
@given(
    past=st.lists(
        st.tuples(st.integers(1, 24 * 70), st.integers(0, 300)), min_size=1, max_size=50, unique_by=lambda one: one[0]
    ),
    value=st.integers(0, 300),
)
def test_the_score_is_that_of_numpy_and_scipy(past: list[tuple[int, int]], value: int) -> None:
    connection = watched(ROWS | {"sensitivity": 3.5})
    add_rows(connection, *((NOW - back * HOUR, rows) for back, rows in past), (NOW, value))
    list(unusual(connection))
    found = connection.execute(JUDGED, [NOW]).fetchall()
    inside = [(back, rows) for back, rows in past if back <= 24 * 56]
    season = [rows for back, rows in inside if back % (7 * 24) == 0]
    chosen = season if len(season) >= 5 else [rows for _, rows in inside]
    if len(inside) < 5:
        assert found == []
        return
    expected = _score(value, [float(rows) for rows in chosen], floor=1)
    assert found == [(len(season) >= 5, len(chosen), pytest.approx(expected), abs(expected) > 3.5)]


def test_a_usual_monday_is_unusual_among_other_days_and_is_not_marked() -> None:
    """Mondays have ten times the rows; NOW is one."""
    connection = watched(ROWS | {"sensitivity": 6})
    days = [NOW - back * DAY for back in range(50)]
    add_rows(connection, *((day, 1000 if day.isoweekday() == 1 else 100) for day in days))
    assert list(unusual(connection)) == []
    assert [row[:2] for row in connection.execute(JUDGED, [NOW]).fetchall()] == [(True, 7)]
    add_rows(connection, (NOW + WEEK, 100))
    connection.execute("update meta set read_at = ?", [NOW + WEEK])
    (trouble,) = unusual(connection)
    assert trouble.detail == (
        "marts/towers has 100 rows, and usually 1,000 rows: the median of 8 Mondays at 12:00 UTC (z -30.4)."
    )


@pytest.mark.parametrize(
    ("direction", "value", "marked"),
    [("up", 200, True), ("up", 20, False), ("down", 20, True), ("down", 200, False),
     ("both", 20, True), ("both", 200, True), ("none", 200, False)],
)  # fmt: skip
def test_direction(direction: str, value: float, marked: bool) -> None:
    connection = watched(ROWS | {"direction": direction})
    add_rows(connection, *daily(100, 101, 99, 102, 98, 100, value))
    assert bool(list(unusual(connection))) == marked


def test_where_the_mad_is_0_the_floor_or_2_percent_of_the_median_is_the_spread() -> None:
    same = [100.0] * 8
    for floor, value, score in ((1, 110, 0.6745 * 10 / 2), (10, 130, 0.6745 * 30 / 10)):
        connection = watched(ROWS | {"floor": floor})
        add_rows(connection, *daily(*same, value))
        list(unusual(connection))
        assert connection.execute("select score from judgements where measured_at = ?", [NOW]).fetchone() == (
            pytest.approx(score),
        )


def test_the_first_rule_that_matches_holds_and_what_matches_none_is_left_alone() -> None:
    connection = watched(ROWS | {"of": "marts/towers", "direction": "none"}, ROWS | {"of": "marts/*"})
    for asset in ("marts/towers", "marts/sites", "silver/sites"):
        add_rows(connection, *daily(*[100.0] * 8, 500), asset=asset)
    assert [trouble.subject for trouble in unusual(connection)] == ["marts/sites"]


def test_durations_and_figures_of_checks_are_judged_too() -> None:
    connection = watched(
        {"measures": "duration", "floor": 1, "min_history": 5, "direction": "up"},
        {"measures": "figure", "of": "* expectations newest_day/*", "floor": 0.01, "min_history": 5},
    )
    for back in range(9, -1, -1):
        at, last = NOW - back * (DAY + HOUR), back == 0
        connection.execute(
            "insert into steps (run_id, event_id, step, started_at, ended_at, status, seq) "
            "values (?, 1, 'silver__telemetry', ?, ?, 'succeeded', nextval('seq'))",
            [str(back), at - timedelta(seconds=90 if last else 12), at],
        )
        figures = f'{{"newest_day/auto": {0.9 if last else 0.5}, "expectations": {99 if last else 9}, "sentinel/version": "7"}}'
        connection.execute(
            "insert into check_results (run_id, event_id, asset, check_name, evaluated_at, status, metadata, seq) "
            "values (?, 2, 'silver/detections', 'expectations', ?, 'passed', ?, nextval('seq'))",
            [str(back), at, figures],
        )
    assert [trouble.detail for trouble in unusual(connection)] == [
        "silver/telemetry took 90.0 s, and usually 12.0 s: the median of 9 times before (z +52.6).",
        "silver/detections expectations newest_day/auto is 0.9, and usually 0.5: the median of 9 times before (z +27.0).",
    ]


def test_a_number_is_judged_once_and_stays_as_it_was_said() -> None:
    connection = watched(ROWS)
    add_rows(connection, *daily(*[100.0] * 8, 500))
    assert [trouble.began_at for trouble in unusual(connection)] == [NOW]
    fill(connection, Objectives(anomalies=(AnomalyRule.model_validate(ROWS | {"sensitivity": 1000}),)).tables)
    assert len(list(unusual(connection))) == 1
    assert connection.execute("select value, expected from anomalies").fetchall() == [(500, 100)]
    connection.execute("update meta set read_at = ?", [NOW + 8 * DAY])
    assert list(unusual(connection)) == []


def test_an_unusual_number_is_an_incident_of_its_asset_until_the_next_usual_one(runs: Runs) -> None:
    """The graph makes 60 rows each time; before, there were 600."""
    runs.history.layout.slos.write_text(WATCHED)
    with runs.history.transaction() as connection:
        before = datetime.now(UTC).replace(tzinfo=None) - 3 * DAY
        add_rows(connection, *daily(*[600.0] * 8, until=before), asset="towers")
    runs.run()
    runs.record()
    (found,) = runs.rows(ANOMALIES)
    assert found[:6] == ("anomaly rows towers", "anomaly", "towers", "warn", "fleet", "data-platform")
    assert found[6:] == ("towers has 60 rows, and usually 600 rows: the median of 8 times before (z -30.4).", False)
    with runs.history.transaction() as connection:
        add_rows(connection, (datetime.now(UTC).replace(tzinfo=None) + HOUR, 600), asset="towers")
    runs.record()
    assert [row[7] for row in runs.rows(ANOMALIES)] == [True]
