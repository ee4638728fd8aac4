"""The marts hold what silver says, whether built at once or day by day, and a day costs a day."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from scipy.stats import poisson

from sentinel_orchestration.feeds.simulator import simulate_day
from tests.warehouse.small_silver import (
    AS_OF,
    CONTRACTS,
    EVENT_FEEDS,
    MARTS,
    WORLD,
    Dbt,
    day_of_window,
    read_mart,
    read_silver,
    write_day,
    write_snapshot,
)


def change_silver(silver: Path) -> None:
    """Day 2 goes, day 3 changes, day 6 comes, and snapshots change what they say about days long past."""
    for feed in EVENT_FEEDS:
        shutil.rmtree(silver / feed / f"day={day_of_window(2)}")
        write_day(silver, feed, day_of_window(6), simulate_day(feed, WORLD, day_of_window(6), AS_OF))
        part = silver / feed / f"day={day_of_window(3)}" / "part.parquet"
        pl.read_parquet(part).gather_every(2).write_parquet(part)
    detections = read_silver(silver, "detections")
    elsewhere = detections["tower_id"].unique().sort()[0]
    part = silver / "detections" / f"day={day_of_window(3)}" / "part.parquet"
    pl.read_parquet(part).with_columns(tower_id=pl.lit(elsewhere)).write_parquet(part)
    towers = read_silver(silver, "towers")
    moved = pl.col("tower_id") == towers["tower_id"][-1]
    site = pl.when(moved).then(pl.lit(towers["site_id"].unique().sort()[0])).otherwise("site_id")
    write_snapshot(silver, "towers", towers.with_columns(site_id=site))
    incidents = read_silver(silver, "incidents")
    late = incidents.head(1).with_columns(
        incident_id=pl.lit("late"),
        tower_id=pl.lit(read_silver(silver, "telemetry")["tower_id"][0]),
        opened_at=pl.lit(datetime(2026, 3, 2, 12)).cast(pl.Datetime("us")),
        severity=pl.lit("P1"),
    )
    write_snapshot(silver, "incidents", pl.concat([incidents, late]))


def test_by_day_equals_from_scratch(dbt: Dbt, built: Path) -> None:
    """After rows came, changed and went, a run by day leaves what a full rebuild makes, in every mart."""
    changed = Dbt(dbt.target, dbt.target / "changed silver", dbt.manifest)
    shutil.copytree(dbt.silver, changed.silver)
    change_silver(changed.silver)
    by_day, from_scratch = (changed.target / name / "sentinel.duckdb" for name in ("by day", "from scratch"))
    for warehouse in (by_day, from_scratch):
        warehouse.parent.mkdir()
    shutil.copy(built, by_day)
    before = read_mart(by_day, "fct_fleet_health_daily")

    days = [day_of_window(number).isoformat() for number in (2, 3, 6)]
    assert changed("run", warehouse=by_day, as_of="2026-03-08 00:00:00", changed_days=days).success
    assert changed("run", warehouse=from_scratch, as_of="2026-03-08 00:00:00").success

    for mart in MARTS:
        rows = read_mart(by_day, mart)
        assert rows.height
        assert_frame_equal(rows, read_mart(from_scratch, mart), check_exact=True)
    midnight = read_mart(by_day, "fct_alert_pipeline_latency").filter(detection_id="midnight")
    assert midnight["detection_date"].to_list() == [day_of_window(4)]
    after = read_mart(by_day, "fct_fleet_health_daily")
    assert day_of_window(2) not in after["telemetry_date"]
    assert after["critical_incidents"].sum() > before["critical_incidents"].sum()

    assert changed("run", warehouse=by_day, as_of="2026-03-08 00:00:00", changed_days=[]).success
    for mart in MARTS:
        assert_frame_equal(read_mart(by_day, mart), read_mart(from_scratch, mart), check_exact=True)


def test_a_day_costs_a_day(built: Path) -> None:
    """Days named as literals keep DuckDB from opening the files of any other day."""
    with duckdb.connect(str(built), read_only=True) as connection:
        query = f"select sum(cpu_pct) from staging.stg_telemetry where day in (date '{day_of_window(3)}')"
        plan = connection.execute(f"explain analyze {query}").fetchall()[0][1]
    assert "Scanning Files: 1/5" in plan


def test_marts_hold_what_silver_says(dbt: Dbt, built: Path) -> None:
    """Figures computed from silver in Polars, by other means than the SQL, stand in the marts."""
    silver = {feed: read_silver(dbt.silver, feed) for feed in CONTRACTS}
    health = read_mart(built, "fct_fleet_health_daily")
    expected = (
        silver["telemetry"]
        .group_by("tower_id", telemetry_date=pl.col("ts").dt.date())
        .agg(
            (pl.col("comms_uptime_min").mean() / 0.6).alias("avg_uptime_pct"),
            pl.len().cast(pl.Int64).alias("n"),
        )
        .sort("tower_id", "telemetry_date")
    )
    found = health.select("tower_id", "telemetry_date", "avg_uptime_pct", n="readings_count")
    assert_frame_equal(found.sort("tower_id", "telemetry_date"), expected, abs_tol=0.005001)

    incidents = silver["incidents"].with_columns(hours=(pl.col("closed_at") - pl.col("opened_at")).dt.total_hours())
    closed = read_mart(built, "fct_incidents").filter(~pl.col("is_open"))
    assert closed["resolve_hours"].floor().sum() == incidents["hours"].sum()

    end = pl.col("failed_at").fill_null(AS_OF)
    lives = (
        silver["components"]
        .group_by("component_type")
        .agg(((end - pl.col("installed_at")).dt.total_seconds().sum() / 3600 / pl.col("is_failed").sum()).alias("mtbf"))
    )
    reliability = read_mart(built, "fct_component_reliability").select("component_type", "observed_mtbf_hours").unique()
    for component_type, mtbf in lives.iter_rows():
        observed = reliability.filter(component_type=component_type)["observed_mtbf_hours"].item()
        assert observed is None if mtbf == float("inf") else observed == pytest.approx(mtbf, rel=1e-5)

    latency = read_mart(built, "fct_alert_pipeline_latency")
    assert latency["total_latency_min"].sum() * 60 == pytest.approx(
        silver["alert_pipeline"]["total_response_s"].sum(), rel=1e-3
    )

    spares = read_mart(built, "fct_spares_demand").filter(pl.col("expected_failures_in_lead_time") > 0)
    for need, failures in spares.select("spares_needed", "expected_failures_in_lead_time").iter_rows():
        assert need in {poisson.ppf(0.95, failures - 0.0005), poisson.ppf(0.95, failures + 0.0005)}


def test_freshness_looks_at_event_time(dbt: Dbt, tmp_path: Path) -> None:
    """Newest events 1 h, 10 h and 30 h old pass, warn and fail, without a warehouse file."""
    now = datetime.now(UTC).replace(tzinfo=None)
    ages = {"telemetry": 1, "detections": 10, "alert_pipeline": 30}
    for feed, age_hours in ages.items():
        at = now - timedelta(hours=age_hours)
        event_time = CONTRACTS[feed].event_time
        assert event_time
        write_day(tmp_path, feed, at.date(), pl.DataFrame({event_time: [at]}))
    fresh = Dbt(dbt.target, tmp_path, dbt.manifest)
    outcome: Any = fresh("source", "freshness", "--target", "mem").result
    statuses = {source.node.name: str(source.status) for source in outcome.results}
    assert statuses == {"telemetry": "pass", "detections": "warn", "alert_pipeline": "error"}


def test_data_tests_of_staging_look_at_the_changed_days(dbt: Dbt, built: Path) -> None:
    """A broken row fails the tests of its own day's run and of a full one; a run on another day need not read it."""
    broken = Dbt(dbt.target, dbt.target / "broken silver", dbt.manifest)
    shutil.copytree(dbt.silver, broken.silver)
    part = broken.silver / "telemetry" / f"day={day_of_window(3)}" / "part.parquet"
    pl.read_parquet(part).with_columns(tower_id=pl.lit("nobody")).write_parquet(part)
    warehouse = broken.target / "broken" / "sentinel.duckdb"
    warehouse.parent.mkdir()

    def failed(*flags: str, **variables: Any) -> set[str]:
        shutil.copy(built, warehouse)
        only = ("--select", "stg_telemetry")
        outcome: Any = broken("build", *only, *flags, warehouse=warehouse, as_of=AS_OF.isoformat(), **variables).result
        statuses = {result.node.name: str(result.status) for result in outcome.results}
        assert "pass" in statuses.values()
        return {name.partition("__")[0] for name, status in statuses.items() if status == "fail"}

    its_tests = {"relationships_stg_telemetry_tower_id", "stg_telemetry_tower_id_and_ts_unique"}
    assert failed(changed_days=[day_of_window(3).isoformat()]) == its_tests
    assert failed("--full-refresh", changed_days=[]) == its_tests
    assert failed() == its_tests
    assert failed(changed_days=[day_of_window(4).isoformat()]) == set()
