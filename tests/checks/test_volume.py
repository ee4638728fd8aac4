"""The volume check: it judges the last 24 full hours of a feed against the same hour of earlier weeks."""

from datetime import datetime, timedelta

import dagster as dg
import polars as pl
import pytest

from sentinel_orchestration.checks.volume import volume_checks
from sentinel_orchestration.feeds.simulator import World, simulate_day
from sentinel_orchestration.lake.counts import DayCounts, file_metadata
from sentinel_orchestration.layout import Layout
from sentinel_orchestration.resources import SettingsResource
from sentinel_orchestration.settings import Settings

NEWEST = datetime(2026, 11, 2, 9)  # the hour of the newest event, which is still filling up
HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
USUAL_ROWS = 40


def _evaluate(home, frame):
    """The check's result once `frame` is silver of telemetry. The check reads only the column `ts`."""
    for (day,), part in frame.with_columns(day=pl.col("ts").dt.date()).partition_by("day", as_dict=True).items():
        path = Layout(home).silver_file("telemetry", str(day))
        path.parent.mkdir(parents=True, exist_ok=True)
        counts = DayCounts(str(day), f"{part.height} rows", part.height, part.height, 0, 0, 0)
        part.drop("day").write_parquet(path, metadata=file_metadata(counts))
    resources = {"settings": SettingsResource.of(Settings(home=home))}
    job = dg.define_asset_job("volume", dg.AssetSelection.all_asset_checks())
    definitions = dg.Definitions(assets=[volume_checks()], jobs=[job], resources=resources)
    result = definitions.resolve_job_def("volume").execute_in_process(raise_on_error=True)
    return next(e for e in result.get_asset_check_evaluations() if e.asset_key.path[-1] == "telemetry")


def _rows(first, rows_of_hour):
    """As many rows in each hour from `first` to NEWEST as `rows_of_hour` says."""
    hours = pl.datetime_range(first, NEWEST, interval="1h", eager=True)
    counts = pl.Series([rows_of_hour(hour) for hour in hours])
    return pl.DataFrame({"ts": hours.repeat_by(counts).explode(empty_as_null=False)})


def _with_one_empty_hour(hours_before_newest):
    empty = NEWEST - hours_before_newest * HOUR
    return _rows(NEWEST - 6 * WEEK, lambda hour: 0 if hour == empty else USUAL_ROWS)


def test_exactly_the_last_24_full_hours_are_judged(tmp_path):
    found = _evaluate(tmp_path, _with_one_empty_hour(1000))
    assert found.passed
    assert found.metadata["hours_judged"].value == 24
    assert found.description == "All of the 24 hours judged are usual."


@pytest.mark.parametrize(("hours_before_newest", "unusual"), [(1, 1), (24, 1), (25, 0)])
def test_an_empty_hour_is_found_within_those_24(tmp_path, hours_before_newest, unusual):
    found = _evaluate(tmp_path, _with_one_empty_hour(hours_before_newest))
    assert found.metadata["hours_unusual"].value == unusual
    assert found.passed == (unusual == 0)


def test_the_hour_that_is_still_filling_up_is_not_judged(tmp_path):
    frame = _rows(NEWEST - 6 * WEEK, lambda hour: 1 if hour == NEWEST else USUAL_ROWS)
    assert _evaluate(tmp_path, frame).passed


def test_each_hour_is_compared_with_the_same_hour_of_eight_weeks(tmp_path):
    """Four weeks of 100 rows after four of 200: the median is 150. Seven weeks would say 100, nine 200."""

    def rows_of_hour(hour):
        age = NEWEST - HOUR - hour
        return 150 if age < timedelta(hours=24) else 100 if age < 4 * WEEK + 24 * HOUR else 200

    assert _evaluate(tmp_path, _rows(NEWEST - 12 * WEEK, rows_of_hour)).passed


def test_the_score_is_the_modified_z_score(tmp_path):
    """Rows of the same hour in six earlier weeks: 85, 90, 95, 105, 110, 115. Median 100, MAD 10."""
    history = [85, 90, 95, 105, 110, 115]
    judged = NEWEST - HOUR

    def rows_of_hour(hour):
        weeks, rest = divmod(judged - hour, WEEK)
        return 0 if hour == judged else history[weeks - 1] if not rest else 100

    found = _evaluate(tmp_path, _rows(NEWEST - HOUR - 6 * WEEK, rows_of_hour))
    z = 0.6745 * (0 - 100) / 10
    assert found.description == (
        f"Unusual number of rows in 1 of 24 hours. The most unusual: 2026-11-02 08:00 with 0 rows, expected 100 (z {z:.1f})."
    )


def test_half_the_rows_of_a_simulated_fleet_missing_for_three_hours_warn(tmp_path):
    world, until = World(seed=1, sites=10, towers=20), datetime(2026, 11, 2)
    days = [(until - timedelta(days=back)).date() for back in range(42, 0, -1)]
    frame = pl.concat(simulate_day("telemetry", world, day, until) for day in days)
    assert _evaluate(tmp_path, frame).passed
    last = frame["ts"].max()
    gap = (
        (pl.col("ts") > last - timedelta(hours=6))
        & (pl.col("ts") < last - timedelta(hours=2))
        & (pl.col("tower_id") > "TWR-0002")
    )
    found = _evaluate(tmp_path, frame.filter(~gap))
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert found.metadata["hours_unusual"].value == 3


def test_without_history_nothing_is_judged(tmp_path):
    found = _evaluate(tmp_path, _rows(NEWEST - 3 * WEEK, lambda hour: USUAL_ROWS))
    assert found.passed
    assert found.description == "Skipped: this takes 4 weeks of history."


def test_an_empty_feed_is_not_judged(tmp_path):
    found = _evaluate(tmp_path, pl.DataFrame({"ts": []}, schema={"ts": pl.Datetime("us")}))
    assert found.passed
    assert found.description == "Skipped: there are no rows yet."
