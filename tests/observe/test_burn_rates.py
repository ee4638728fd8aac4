"""Budgets, burn rates and alerts against what The Site Reliability Workbook publishes in chapter 5, and against plain Python."""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel_orchestration.observe.slos import SloStatus, slo_status
from tests.observe.promises import NOW, add_runs, add_stream, promised

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ALERTS = [(14.4, HOUR, 5 * MINUTE), (6, 6 * HOUR, 30 * MINUTE), (1, 3 * DAY, 6 * HOUR)]


def _burning(connection: duckdb.DuckDBPyConnection, at: datetime) -> list[float]:
    """The factors whose alert fires."""
    query = "select factor from slo_burns_at($at) where is_burning order by step"
    return [factor for (factor,) in connection.execute(query, {"at": at}).fetchall()]


def _status(connection: duckdb.DuckDBPyConnection, at: datetime = NOW) -> SloStatus:
    (found,) = slo_status(connection, at)
    return found


@pytest.mark.parametrize(
    ("factor", "hours", "consumed"), [(14.4, 1, 0.02), (6, 6, 0.05), (1, 72, 0.1)], ids=["1 h", "6 h", "3 d"]
)
def test_a_burn_rate_consumes_what_the_workbook_says_of_30_days(factor: float, hours: int, consumed: float) -> None:
    """Its recommended parameters: 2 % of the budget in an hour at 14.4, 5 % in 6 hours at 6, 10 % in 3 days at 1."""
    connection = promised()
    bad_of_100 = round(factor * 0.05 * 100)
    start = NOW - 30 * DAY + HOUR / 100  # 100 events an hour, the last of them now
    first_bad = (30 * 24 - hours) * 100
    add_stream(connection, start, NOW, HOUR / 100, f"n >= {first_bad} and n % 100 < {bad_of_100}")
    found = _status(connection)
    assert found.events == 30 * 24 * 100
    assert found.budget_left_share == pytest.approx(1 - consumed)
    assert factor not in _burning(connection, NOW)  # at the factor, not over it


@pytest.mark.parametrize(("error_share", "days"), [(0.001, 30), (0.002, 15), (0.01, 3), (1, 30 / 1000)])
def test_a_budget_lasts_as_long_as_the_workbook_says(error_share: float, days: float) -> None:
    """Its burn rates of an objective of 99.9 %: at burn rate 1 all 30 days, at 2 15, at 10 3, at 1000 43 minutes."""
    connection = promised(objective=0.999)
    add_stream(
        connection, NOW - HOUR, NOW, HOUR / 10_000, f"n % {round(1 / error_share)} = 1 % {round(1 / error_share)}"
    )
    (burn,) = connection.execute("select long_burn from slo_burns_at($at) where step = 1", {"at": NOW}).fetchone() or (
        0,
    )
    assert 30 / burn == pytest.approx(days, rel=0.001)


@pytest.mark.parametrize(
    ("one_bad_of", "factor", "window"),
    [(1, 14.4, HOUR), (20, 14.4, HOUR), (100, 6, 6 * HOUR), (500, 1, 3 * DAY)],
    ids=["outage", "5 %", "1 %", "0.2 %"],
)
def test_it_is_noticed_when_the_workbook_says(one_bad_of: int, factor: float, window: timedelta) -> None:
    """(1 − objective) / error share × window × factor after it began, and no earlier: 52 seconds for an outage at 99.9 %."""
    connection, spacing = promised(objective=0.999), timedelta(seconds=6 if one_bad_of == 1 else 10)
    began = NOW - 2 * DAY
    add_stream(connection, NOW - 6 * DAY, NOW, spacing, f"n > {4 * DAY // spacing} and n % {one_bad_of} = 0")
    after = 0.001 * one_bad_of * factor * window
    step = one_bad_of * spacing
    assert factor not in _burning(connection, began + after - step)
    assert factor in _burning(connection, began + after + 2 * step)


def test_it_stops_soon_after_the_cause_does() -> None:
    """The short window is what ends it: an hour of outage would be over 14.4 for most of the hour after it."""
    connection = promised(objective=0.99)
    add_stream(connection, NOW - DAY, NOW, MINUTE, f"n between {22 * 60} and {23 * 60 - 1}")
    last_bad = NOW - HOUR - MINUTE
    assert 14.4 in _burning(connection, last_bad)
    assert 14.4 in _burning(connection, last_bad + 4 * MINUTE)
    assert 14.4 not in _burning(connection, last_bad + 5 * MINUTE)


def test_between_two_events_the_newest_one_holds() -> None:
    """A check each quarter of an hour is not over every five minutes: nothing says that it got better."""
    connection = promised(min_events=3)
    add_runs(connection, [(NOW - number * 15 * MINUTE, False) for number in range(4)])
    assert all(14.4 in _burning(connection, NOW + minutes * MINUTE) for minutes in range(15))
    add_runs(connection, [(NOW + 15 * MINUTE, True)])
    assert 14.4 not in _burning(connection, NOW + 15 * MINUTE)


def test_fewer_events_than_the_floor_alert_nobody() -> None:
    events = [(NOW - number * MINUTE, False) for number in range(3)]
    for least, burns in ((3, [14.4, 6, 1]), (4, [])):
        connection = promised(min_events=least)
        add_runs(connection, events)
        assert _burning(connection, NOW) == burns
        assert _status(connection).verdict == ("burning fast" if burns else "too few events")


def test_a_spent_budget_that_burns_no_more_is_spent() -> None:
    connection = promised(min_events=3)
    add_runs(connection, [(NOW - 10 * DAY + number * HOUR, number > 1) for number in range(240)])
    assert _status(connection).verdict == "kept"
    add_runs(connection, [(NOW - 9 * DAY, False)] * 12)
    found = _status(connection)
    assert (found.verdict, found.in_words) == ("spent", "")
    assert found.budget_left_share == pytest.approx(1 - 14 / 252 / 0.05)


def test_without_events_nothing_is_said() -> None:
    found = _status(promised())
    assert (found.verdict, found.budget_left_share, found.burn_1h, found.alert) == ("no events", None, None, None)


def test_each_day_has_the_budget_that_was_left_at_its_end() -> None:
    connection = promised(window_days=7)
    midnight = datetime(2026, 11, 2)
    add_stream(connection, midnight - 20 * DAY + HOUR, midnight - HOUR, 5 * HOUR, "n % 13 = 0")
    days = connection.execute(
        "select day, events, bad_events, budget_left_share from slo_daily order by day"
    ).fetchall()
    assert len(days) == 20
    for day, _, _, left in days:
        end = datetime.combine(day, datetime.min.time()) + DAY - timedelta(microseconds=1)
        assert _status(connection, end).budget_left_share == pytest.approx(left)
    assert (
        sum(row[2] for row in days)
        == connection.execute("select count(*) from runs where status = 'failed'").fetchone()[0]
    )  # type: ignore[index]


EVENTS = st.lists(st.tuples(st.integers(0, 5 * 24 * 60), st.booleans()), max_size=80)


@settings(max_examples=150, deadline=None)
@given(events=EVENTS, objective=st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.999]), least=st.integers(1, 6))
def test_it_is_what_plain_python_says(events: list[tuple[int, bool]], objective: float, least: int) -> None:
    connection = promised(objective=objective, min_events=least, window_days=4)
    happened = [(NOW - back * MINUTE, good) for back, good in events]
    add_runs(connection, happened)
    burns = connection.execute(
        "select factor, events, long_burn, short_burn, is_burning from slo_burns_at($at) order by step", {"at": NOW}
    ).fetchall()
    for (factor, long, short), found in zip(ALERTS, burns, strict=True):
        inside = [good for at, good in happened if at > NOW - long]
        newest = max((at for at, _ in happened if at > NOW - 3 * DAY), default=None)
        still = [good for at, good in happened if at > NOW - short or at == newest]
        long_burn = inside.count(False) / len(inside) / (1 - objective) if inside else None
        short_burn = still.count(False) / len(still) / (1 - objective) if still else None
        fires = len(inside) >= least and (long_burn or 0) > factor and (short_burn or 0) > factor
        assert found == (factor, len(inside), long_burn, short_burn, fires)
    counted = [good for at, good in happened if at > NOW - 4 * DAY]
    left = 1 - counted.count(False) / len(counted) / (1 - objective) if counted else None
    assert _status(connection).budget_left_share == left
