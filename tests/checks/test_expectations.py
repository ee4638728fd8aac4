"""Expectations: each warns when it should and stays quiet when it should."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from sentinel_orchestration.checks.expectations import check_result
from sentinel_orchestration.checks.suites import SUITES, TELEMETRY
from sentinel_orchestration.feeds.simulator import World, simulate_day
from sentinel_orchestration.lake.checks import VERSION
from sentinel_orchestration.resources import ExpectationsResource

NAME = "/".join(TELEMETRY.asset)


@pytest.fixture(scope="module")
def six_weeks() -> pl.DataFrame:
    """Telemetry of six weeks."""
    world, until = World(seed=1, sites=10, towers=20), datetime(2026, 11, 2)
    days = [(until - timedelta(days=back)).date() for back in range(42, 0, -1)]
    return pl.concat(simulate_day("telemetry", world, day, until) for day in days)


@pytest.fixture(scope="module")
def expectations() -> Iterator[ExpectationsResource]:
    """One worker for all tests: it takes seconds to import Great Expectations."""
    resource = ExpectationsResource()
    yield resource
    resource.stop()


def validated(expectations: ExpectationsResource, tmp_path: Path, frame: pl.DataFrame) -> dg.AssetCheckResult:
    path = tmp_path / "telemetry.duckdb"
    with duckdb.connect(str(path)) as connection:
        frame.write_parquet(tmp_path / "t.parquet")
        connection.execute(f"create table t as from '{tmp_path / 't.parquet'}'")
    return check_result(TELEMETRY, expectations.findings(NAME, str(path), "t"), "version of silver")


def test_an_expectation_that_cannot_be_judged_fails_with_the_reason(
    expectations: ExpectationsResource, tmp_path: Path
) -> None:
    with duckdb.connect(str(tmp_path / "e.duckdb")) as connection:
        connection.execute("create table t (ts timestamp)")
    with pytest.raises(RuntimeError, match=f"^{NAME}: Great Expectations failed: BinderException"):
        expectations.findings(NAME, str(tmp_path / "e.duckdb"), "t")


def test_expectations_are_met_by_a_normal_fleet_and_show_what_was_observed(
    expectations: ExpectationsResource, tmp_path: Path, six_weeks: pl.DataFrame
) -> None:
    result = validated(expectations, tmp_path, six_weeks)
    assert result.passed, result.description
    assert result.metadata[VERSION].value == "version of silver"
    since = six_weeks["ts"].max().date() - timedelta(days=28)
    mean = six_weeks.filter(pl.col("ts").dt.date() > since)["cpu_pct"].mean()
    assert f"cpu_pct: mean to be between | {mean:.4g}" in result.metadata["observed"].value


def test_a_drifting_day_and_a_shifted_mean_are_reported(
    expectations: ExpectationsResource, tmp_path: Path, six_weeks: pl.DataFrame
) -> None:
    last_full = (six_weeks["ts"].max() - timedelta(days=1)).date()
    drifted = six_weeks.with_columns(
        sensor_health_score=pl.when(pl.col("ts").dt.date() == last_full)
        .then(pl.col("sensor_health_score") - 15)
        .otherwise("sensor_health_score"),
        cpu_pct=pl.lit(96.0),
    )
    result = validated(expectations, tmp_path, drifted)
    assert not result.passed
    assert result.severity == dg.AssetCheckSeverity.WARN
    assert "health_drift_sd" in result.description
    newest_day = drifted.filter(pl.col("ts").dt.date() == last_full)
    assert result.metadata["newest_day/health"].value == pytest.approx(newest_day["sensor_health_score"].mean())
    assert result.metadata["newest_day/cpu"].value == pytest.approx(96)
    assert "cpu_pct: mean" in result.description


def test_an_empty_feed_warns(expectations: ExpectationsResource, tmp_path: Path, six_weeks: pl.DataFrame) -> None:
    result = validated(expectations, tmp_path, six_weeks.clear())
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert not any(name.startswith("newest_day/") for name in result.metadata)


def test_every_suite_has_shares_or_means_quantiles_and_drift() -> None:
    for suite in SUITES:
        kinds = {kind for kind, _ in suite.expectations}
        assert kinds == {"ExpectColumnMeanToBeBetween", "ExpectColumnQuantileValuesToBeBetween"}
        assert suite.drift


def test_what_takes_seconds_to_import_is_not_imported_with_the_definitions() -> None:
    slow = {"great_expectations", "dbt", "dagster_dbt", "sqlglot"}
    code = f"import sys, sentinel_orchestration.definitions; print(*{slow} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
