"""The trend of a tower's uptime: against published figures, other implementations, and what must hold for any series."""

import itertools
import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from statistics import median

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from scipy.stats import kendalltau, norm, theilslopes

from sentinel_orchestration.warehouse.marts import fct_uptime_trend
from sentinel_orchestration.warehouse.marts.fct_uptime_trend import LEAST_DAYS, WINDOW_DAYS, compute, trend

LAST_DAY = date(2026, 3, 6)
UPTIMES = st.integers(0, 10_000).map(lambda hundredths: hundredths / 100)
SERIES = st.dictionaries(st.integers(0, WINDOW_DAYS - 1), UPTIMES, min_size=1)
TIED = st.dictionaries(st.integers(0, WINDOW_DAYS - 1), st.sampled_from([97.0, 98.5, 100.0]), min_size=1)


def daily(**towers: Mapping[int, float]) -> pl.DataFrame:
    """Tower → day → uptime, as rows."""
    rows = [(tower, day, uptime) for tower, days in towers.items() for day, uptime in days.items()]
    columns = {"tower_id": pl.String, "day": pl.Int32, "avg_uptime_pct": pl.Float64}
    return pl.DataFrame(rows, schema=columns, orient="row")


def of(series: Mapping[int, float]) -> tuple[float | None, float | None]:
    """Slope and z of one tower."""
    row = trend(daily(tower=series)).row(0, named=True)
    assert row["days_count"] == len(series)
    return row["uptime_slope_pct_per_day"], row["trend_z"]


def in_order(values: Sequence[float]) -> dict[int, float]:
    return dict(enumerate(values))


def by_hand(series: Mapping[int, float]) -> tuple[float | None, float | None]:
    """The formulas of the module's docstring, one pair of days at a time."""
    pairs = list(itertools.combinations(sorted(series.items()), 2))
    slopes = [(later - earlier) / (j - i) for (i, earlier), (j, later) in pairs]
    n, s = len(series), sum((later > earlier) - (later < earlier) for (_, earlier), (_, later) in pairs)
    groups = [list(series.values()).count(value) for value in set(series.values())]
    variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in groups)) / 18
    z = (s - (s > 0) + (s < 0)) / math.sqrt(variance) if n >= LEAST_DAYS and variance > 0 else None
    return (median(slopes) if slopes else None), z


def close(found: float | None, expected: float | None) -> bool:
    """Equal but for the rounding to four decimals."""
    if found is None or expected is None:
        return found is expected
    return abs(found - expected) <= 0.5001e-4


def test_a_worked_example_from_a_course() -> None:
    """S = 54 with one pair of ties; Z is about 2.9058 (mathcs.holycross.edu/~little/Montserrat/MannKendallByHand.txt)."""
    values = [12.9, 14.8, 13.2, 15.7, 13.8, 15.6, 12.9, 11.0, 17.3, 15.9, 19.0, 18.3, 20.1, 21.7]
    assert of(in_order(values))[1] == 2.9058


@pytest.mark.parametrize("seed", range(5))
def test_scipy_finds_the_same(seed: int) -> None:
    """Its p-value of Kendall's tau has no continuity correction; |S| - 1 instead of |S| adds it."""
    random = np.random.default_rng(seed)
    days = np.sort(random.choice(WINDOW_DAYS, size=20, replace=False))
    uptimes = np.round(98 - 0.05 * days + random.normal(0, 0.6, 20), 1)  # to one decimal: some are equal
    slope, z = of(dict(zip(days.tolist(), uptimes.tolist(), strict=True)))
    assert close(slope, theilslopes(uptimes, days).slope)
    s = sum(np.sign(uptimes[j] - uptimes[i]) for i, j in itertools.combinations(range(20), 2))
    uncorrected = norm.isf(kendalltau(days, uptimes, method="asymptotic").pvalue / 2)
    assert close(z, np.sign(s) * uncorrected * (abs(s) - 1) / abs(s))


@given(SERIES | TIED)
def test_any_series_is_as_by_hand(series: dict[int, float]) -> None:
    slope, z = of(series)
    expected_slope, expected_z = by_hand(series)
    assert close(slope, expected_slope)
    assert close(z, expected_z)


@given(SERIES | TIED)
def test_time_reversed_is_the_trend_reversed(series: dict[int, float]) -> None:
    slope, z = of(series)
    backward = {WINDOW_DAYS - day: uptime for day, uptime in series.items()}
    assert of(backward) == (None if slope is None else -slope, None if z is None else -z)


@given(st.dictionaries(st.text("ab", min_size=1, max_size=3), SERIES, min_size=1, max_size=4), st.randoms())
def test_towers_do_not_touch_each_other_nor_does_the_order_of_rows(towers: dict[str, dict[int, float]], random) -> None:
    rows = daily(**towers)
    order = list(range(rows.height))
    random.shuffle(order)
    found = {row[0]: row[2:] for row in trend(rows[order]).iter_rows()}
    assert found == {tower: of(series) for tower, series in towers.items()}


def test_a_steady_fall_has_the_lowest_score_there_is() -> None:
    n = WINDOW_DAYS
    slope, z = of(in_order([100 - 0.25 * day for day in range(n)]))
    assert slope == -0.25
    assert close(z, -(n * (n - 1) / 2 - 1) / math.sqrt(n * (n - 1) * (2 * n + 5) / 18))


def test_a_day_of_maintenance_hardly_moves_the_slope() -> None:
    values = [100 - 0.25 * day for day in range(WINDOW_DAYS)]
    values[10] = 0
    slope, z = of(in_order(values))
    assert slope == pytest.approx(-0.25, abs=0.01)
    assert z is not None
    assert z < -6


def test_equal_days_have_a_slope_of_nothing_and_no_score() -> None:
    assert of(in_order([99.0] * WINDOW_DAYS)) == (0, None)


def test_few_days_have_no_score_and_a_single_one_no_slope() -> None:
    falling = [100.0 - day for day in range(LEAST_DAYS)]
    assert of(in_order(falling[:1])) == (None, None)
    assert of(in_order(falling[:-1])) == (-1, None)
    assert of(in_order(falling))[1] is not None


class TestCompute:
    """The table is made from fct_fleet_health_daily."""

    @pytest.fixture
    def connection(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()
        connection.execute(
            "create schema marts; "
            "create table marts.fct_fleet_health_daily (tower_id varchar, telemetry_date date, avg_uptime_pct double)"
        )
        return connection

    def insert(self, connection: duckdb.DuckDBPyConnection, tower: str, uptimes: Sequence[float]) -> None:
        """Uptimes of consecutive days, the last of them LAST_DAY."""
        days = [LAST_DAY - timedelta(days=back) for back in reversed(range(len(uptimes)))]
        rows = [(tower, day, uptime) for day, uptime in zip(days, uptimes, strict=True)]
        connection.executemany("insert into marts.fct_fleet_health_daily values (?, ?, ?)", rows)

    def test_only_the_last_four_weeks_count(self, connection: duckdb.DuckDBPyConnection) -> None:
        fall, rise = [100.0 - day for day in range(WINDOW_DAYS)], [50.0 + day for day in range(WINDOW_DAYS)]
        self.insert(connection, "tower", [*fall, *rise])
        assert compute(connection).row(0)[:3] == ("tower", WINDOW_DAYS, 1)

    def test_towers_are_worked_on_some_at_a_time(
        self, connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(7):
            self.insert(connection, f"tower {number}", [90 + (number * day) % 7 for day in range(12)])
        at_once = compute(connection)
        held: list[int] = []

        def watched(rows: pl.DataFrame) -> pl.DataFrame:
            held.append(rows["tower_id"].n_unique())
            return trend(rows)

        monkeypatch.setattr(fct_uptime_trend, "TOWERS_AT_ONCE", 3)
        monkeypatch.setattr(fct_uptime_trend, "trend", watched)
        assert_frame_equal(compute(connection), at_once)
        assert held == [3, 3, 1]
        assert at_once["tower_id"].to_list() == [f"tower {number}" for number in range(7)]

    def test_without_readings_the_table_is_empty(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.insert(connection, "tower", [99.0, 98.0])
        filled = compute(connection)
        connection.execute("delete from marts.fct_fleet_health_daily")
        assert compute(connection).is_empty()
        assert compute(connection).schema == filled.schema
