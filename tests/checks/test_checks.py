"""Freshness, volume and expectations: each warns when it should and stays quiet when it should."""

from datetime import datetime, timedelta

import dagster as dg
import duckdb
import polars as pl
import pytest

from sentinel_orchestration.checks.expectations import check_result, worker
from sentinel_orchestration.checks.freshness import freshness_checks
from sentinel_orchestration.checks.suites import SUITES, TELEMETRY
from sentinel_orchestration.checks.volume import volume_checks
from sentinel_orchestration.feeds.simulator import World, simulate_day
from sentinel_orchestration.settings import Settings, newest_full_hour
from sentinel_orchestration.warehouse.project import DbtProject

EVENTS = {"telemetry": "ts", "detections": "detected_at", "alert_pipeline": "detection_ts"}


def _evaluate(check, instance=None):
    job = dg.Definitions(asset_checks=[check]).resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(instance=instance, raise_on_error=True)
    return {e.asset_key.path[-1]: e for e in result.get_asset_check_evaluations()}


def _write_silver(settings, feed, frame, event_time):
    for (day,), part in frame.with_columns(day=pl.col(event_time).dt.date()).partition_by("day", as_dict=True).items():
        folder = settings.silver_dir / feed / f"day={day}"
        folder.mkdir(parents=True, exist_ok=True)
        part.drop("day", strict=False).write_parquet(folder / "part.parquet")


def test_freshness_passes_warns_and_errs_by_the_clock(tmp_path):
    settings = Settings(home=tmp_path)
    now, world = newest_full_hour(), World(seed=1, sites=2, towers=40)
    for feed, hours in {"telemetry": 1, "detections": 12, "alert_pipeline": 30}.items():
        moment = EVENTS[feed]
        until = now - timedelta(hours=hours)
        days = [simulate_day(feed, world, (until - timedelta(days=d)).date(), until) for d in (1, 0)]
        frame = pl.concat(days)
        shift = until - frame[moment].max()
        _write_silver(settings, feed, frame.with_columns(pl.col(moment) + shift), moment)
    project = DbtProject(settings)
    project.manifest()
    found = _evaluate(freshness_checks(settings, project))
    assert found["telemetry"].passed
    assert (found["detections"].passed, found["detections"].severity) == (False, dg.AssetCheckSeverity.WARN)
    assert (found["alert_pipeline"].passed, found["alert_pipeline"].severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert found["alert_pipeline"].metadata["age_hours"].value == pytest.approx(30, abs=1.1)
    assert not any(found[feed].blocking for feed in EVENTS)


@pytest.fixture
def six_weeks(tmp_path):
    settings = Settings(home=tmp_path)
    world, until = World(seed=1, sites=10, towers=20), datetime(2026, 11, 2)
    days = [(until - timedelta(days=back)).date() for back in range(42, 0, -1)]
    return settings, pl.concat(simulate_day("telemetry", world, day, until) for day in days)


def test_volume_is_usual_until_half_the_rows_are_missing(six_weeks):
    settings, frame = six_weeks
    _write_silver(settings, "telemetry", frame, "ts")
    assert _evaluate(volume_checks(settings))["telemetry"].passed
    last = frame["ts"].max()
    gap = (
        (pl.col("ts") > last - timedelta(hours=6))
        & (pl.col("ts") < last - timedelta(hours=2))
        & (pl.col("tower_id") > "TWR-0002")
    )
    _write_silver(settings, "telemetry", frame.filter(~gap), "ts")
    found = _evaluate(volume_checks(settings))["telemetry"]
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert found.metadata["hours_unusual"].value == 3


def test_volume_is_not_judged_without_history(tmp_path):
    found = _evaluate(volume_checks(Settings(home=tmp_path)))
    assert all(check.passed and "Not judged" in check.description for check in found.values())


@pytest.fixture(scope="module", autouse=True)
def _stop_worker():
    yield
    worker.stop()


def _validated(tmp_path, frame):
    path = tmp_path / "telemetry.duckdb"
    with duckdb.connect(str(path)) as connection:
        frame.write_parquet(tmp_path / "t.parquet")
        connection.execute(f"create table t as from '{tmp_path / 't.parquet'}'")
    return check_result(TELEMETRY, worker.validate(TELEMETRY, str(path), "t"))


def test_an_expectation_that_cannot_be_judged_fails_the_check_with_the_reason(tmp_path):
    with duckdb.connect(str(tmp_path / "e.duckdb")) as connection:
        connection.execute("create table t (ts timestamp)")
    with pytest.raises(RuntimeError, match="Great Expectations failed: BinderException"):
        worker.validate(TELEMETRY, str(tmp_path / "e.duckdb"), "t")


def test_expectations_are_met_by_a_normal_fleet_and_show_what_was_observed(tmp_path, six_weeks):
    result = _validated(tmp_path, six_weeks[1])
    assert result.passed, result.description
    mean = (
        six_weeks[1]
        .filter(pl.col("ts").dt.date() > six_weeks[1]["ts"].max().date() - timedelta(days=28))["cpu_pct"]
        .mean()
    )
    assert f"cpu_pct: mean to be between | {mean:.4g}" in result.metadata["observed"].value


def test_a_drifting_day_and_a_shifted_mean_are_told(tmp_path, six_weeks):
    frame = six_weeks[1]
    last_full = (frame["ts"].max() - timedelta(days=1)).date()
    drifted = frame.with_columns(
        sensor_health_score=pl.when(pl.col("ts").dt.date() == last_full)
        .then(pl.col("sensor_health_score") - 15)
        .otherwise("sensor_health_score"),
        cpu_pct=pl.lit(96.0),
    )
    result = _validated(tmp_path, drifted)
    assert not result.passed
    assert result.severity == dg.AssetCheckSeverity.WARN
    assert "health_drift_sd" in result.description
    assert "cpu_pct: mean" in result.description


def test_every_suite_has_shares_or_means_quantiles_and_drift():
    for suite in SUITES:
        kinds = {kind for kind, _ in suite.expectations}
        assert kinds == {"ExpectColumnMeanToBeBetween", "ExpectColumnQuantileValuesToBeBetween"}
        assert suite.drift


def test_great_expectations_is_not_imported_with_the_definitions():
    import subprocess
    import sys

    code = "import sys, sentinel_orchestration.definitions; print('great_expectations' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
