"""The marts hold what silver says, whether built at once or day by day, and a day costs a day."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from scipy.stats import poisson

from tests.warehouse.small_silver import AS_OF, CONTRACTS, EVENT_FEEDS, MARTS, Home, day_of_window


def change_silver(home: Home) -> None:
    """Day 2 goes, day 3 changes, day 6 comes, and snapshots change what they say about days long past."""
    for feed in EVENT_FEEDS:
        home.remove(feed, day_of_window(2))
    home.simulate(day_of_window(6))
    home.halve(day_of_window(3))
    elsewhere = home.silver("detections")["tower_id"].unique().sort()[0]
    detections = home.read_day("detections", day_of_window(3)).with_columns(tower_id=pl.lit(elsewhere))
    home.write("detections", detections, day_of_window(3))
    towers = home.silver("towers")
    moved = pl.col("tower_id") == towers["tower_id"][-1]
    site = pl.when(moved).then(pl.lit(towers["site_id"].unique().sort()[0])).otherwise("site_id")
    home.write("towers", towers.with_columns(site_id=site))
    incidents = home.silver("incidents")
    late = incidents.head(1).with_columns(
        incident_id=pl.lit("late"),
        tower_id=pl.lit(home.silver("telemetry")["tower_id"][0]),
        opened_at=pl.lit(datetime(2026, 3, 2, 12)).cast(pl.Datetime("us")),
        severity=pl.lit("P1"),
    )
    home.write("incidents", pl.concat([incidents, late]))


def test_by_day_equals_from_scratch(home: Home, tmp_path: Path) -> None:
    """After rows came, changed and went, a run by day leaves what a full rebuild makes, in every table."""
    before = home.mart("fct_fleet_health_daily")
    change_silver(home)
    from_scratch = home.unbuilt(tmp_path / "from scratch")

    home.run()
    from_scratch.run()

    assert home.contents() == from_scratch.contents()
    assert all(home.mart(mart).height for mart in MARTS)
    midnight = home.mart("fct_alert_pipeline_latency").filter(detection_id="midnight")
    assert midnight["detection_date"].to_list() == [day_of_window(4)]
    after = home.mart("fct_fleet_health_daily")
    assert day_of_window(2) not in after["telemetry_date"]
    assert after["critical_incidents"].sum() > before["critical_incidents"].sum()

    versions = {name: build.version for name, build in home.states().items()}
    home.run()  # nothing has changed
    assert home.contents() == from_scratch.contents()
    assert {name: build.version for name, build in home.states().items()} == versions
    assert {name: build.version for name, build in from_scratch.states().items()} == versions


def test_a_day_costs_a_day(built: Home) -> None:
    """Days named as literals keep DuckDB from opening the files of any other day."""
    query = f"select sum(cpu_pct) from staging.stg_telemetry where day in (date '{day_of_window(3)}')"
    assert "Scanning Files: 1/5" in built.query(f"explain analyze {query}")[0][1]


def test_marts_hold_what_silver_says(built: Home) -> None:
    """The marts hold figures that are computed here from silver in Polars, by other means than the SQL."""
    silver = {feed: built.silver(feed) for feed in CONTRACTS}
    health = built.mart("fct_fleet_health_daily")
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
    closed = built.mart("fct_incidents").filter(~pl.col("is_open"))
    assert closed["resolve_hours"].floor().sum() == incidents["hours"].sum()

    end = pl.col("failed_at").fill_null(AS_OF)
    lives = (
        silver["components"]
        .group_by("component_type")
        .agg(((end - pl.col("installed_at")).dt.total_seconds().sum() / 3600 / pl.col("is_failed").sum()).alias("mtbf"))
    )
    reliability = built.mart("fct_component_reliability").select("component_type", "observed_mtbf_hours").unique()
    for component_type, mtbf in lives.iter_rows():
        observed = reliability.filter(component_type=component_type)["observed_mtbf_hours"].item()
        assert observed is None if mtbf == float("inf") else observed == pytest.approx(mtbf, rel=1e-5)

    latency = built.mart("fct_alert_pipeline_latency")
    assert latency["total_latency_min"].sum() * 60 == pytest.approx(
        silver["alert_pipeline"]["total_response_s"].sum(), rel=1e-3
    )

    spares = built.mart("fct_spares_demand").filter(pl.col("expected_failures_in_lead_time") > 0)
    for need, failures in spares.select("spares_needed", "expected_failures_in_lead_time").iter_rows():
        assert need in {poisson.ppf(0.95, failures - 0.0005), poisson.ppf(0.95, failures + 0.0005)}


def test_freshness_looks_at_event_time(built: Home, tmp_path: Path) -> None:
    """Newest events 1 h, 10 h and 30 h old pass, warn and fail, without a warehouse file."""
    home = built.empty(tmp_path)
    now = datetime.now(UTC).replace(tzinfo=None)
    ages = {"telemetry": 1, "detections": 10, "alert_pipeline": 30}
    for feed, age_hours in ages.items():
        at = now - timedelta(hours=age_hours)
        event_time = CONTRACTS[feed].event_time
        assert event_time
        home.write(feed, pl.DataFrame({event_time: [at]}), at.date())
    found = home.invoke("source", "freshness", "--target", "mem")
    assert found == {"telemetry": "pass", "detections": "warn", "alert_pipeline": "error"}
    assert not home.layout.warehouse.exists()


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        (None, (datetime(2026, 3, 7), "newest_event", datetime(2026, 3, 6, 23))),
        ("2026-03-20T11:59:00+02:00", (datetime(2026, 3, 20, 9), "setting", datetime(2026, 3, 6, 23))),
    ],
)
def test_as_of_is_the_setting_or_the_hour_after_the_newest_event(
    home: Home, setting: str | None, expected: tuple[Any, ...]
) -> None:
    for feed in ("detections", "alert_pipeline"):
        home.remove(feed, day_of_window(5))  # telemetry's last event is the newest of the three
    home.dbt.model_copy(update={"as_of": setting}).invoke(["run", "--select", "+as_of_fleet"])
    assert home.query("select as_of, basis, newest_event_at from marts.as_of_fleet") == [expected]


def test_without_any_event_nothing_says_what_is_current(built: Home, tmp_path: Path) -> None:
    home = built.empty(tmp_path)
    home.dbt.model_copy(update={"as_of": None}).invoke(["run", "--select", "+as_of_fleet"])
    assert home.query("select as_of, newest_event_at from marts.as_of_fleet") == [(None, None)]
