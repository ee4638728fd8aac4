"""Telemetry and the state of towers show what truth.py plants, within statistical error."""

from datetime import date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel_orchestration.feeds.simulator import World, simulate_day, simulate_snapshot
from sentinel_orchestration.feeds.simulator.fleet import truth
from tests.feeds.simulator.feeds import local_hours

Feeds = dict[str, pl.DataFrame]


def telemetry_with_towers(feeds: Feeds) -> pl.DataFrame:
    return feeds["telemetry"].join(feeds["towers"], on="tower_id").join(feeds["sites"], on="site_id")


def test_towers_in_maintenance_lose_comms(fleet: Feeds) -> None:
    today = telemetry_with_towers(fleet).filter(pl.col("ts").dt.date() == date(2026, 3, 14))
    by_status = today.group_by("status").agg(pl.col("comms_uptime_min").mean(), pl.len())
    uptime = dict(by_status.select("status", "comms_uptime_min").rows())
    assert uptime["maintenance"] < 33
    assert uptime["active"] > 50
    assert "decommissioned" not in uptime
    counts = dict(fleet["towers"].group_by("status").len().rows())
    assert counts["decommissioned"] == round(60 * truth.DECOMMISSIONED_SHARE)
    assert 3 <= counts["maintenance"] <= 5


@given(moment=st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)))
@settings(deadline=None)
def test_5_to_8_percent_are_in_maintenance_at_any_moment(moment: datetime) -> None:
    towers = simulate_snapshot("towers", World(7, 10, 1000), moment)
    in_service = towers.filter(pl.col("status") != "decommissioned")
    assert 0.05 < (in_service["status"] == "maintenance").mean() < 0.08


@pytest.mark.parametrize("window_end", ["2025-08-31", "2025-12-01", "2026-03-14", "2026-06-30"])
def test_one_site_declines(window_end: str) -> None:
    world, until = World(42, 10, 60), datetime(2026, 7, 10)
    days = [date.fromisoformat(window_end) - timedelta(days=back) for back in range(60)]
    telemetry = pl.concat([simulate_day("telemetry", world, day, until) for day in days])
    # Each day's active towers: those in maintenance are out of the comparison.
    midnights = [datetime(day.year, day.month, day.day) + timedelta(days=1) for day in days]
    towers = pl.concat(
        simulate_snapshot("towers", world, midnight).with_columns(day=pl.lit(day))
        for day, midnight in zip(days, midnights, strict=True)
    ).filter(status="active")
    daily = (
        telemetry.with_columns(day=pl.col("ts").dt.date())
        .join(towers, on=["tower_id", "day"])
        .group_by("site_id", "tower_id", "day")
        .agg(pl.col("sensor_health_score", "comms_uptime_min").mean())
        .with_columns(x=pl.col("day").to_physical())
    )
    slopes = daily.group_by("site_id").agg(
        health=pl.cov("x", "sensor_health_score") / pl.var("x"),
        uptime=pl.cov("x", "comms_uptime_min") / pl.var("x"),
    )
    worst = slopes.sort("health").row(0, named=True)
    others = slopes.filter(pl.col("site_id") != worst["site_id"])
    assert worst["site_id"] == f"SITE-{truth.declining_site(10) + 1:02d}"
    assert worst["health"] == pytest.approx(-truth.DECLINE_HEALTH_PER_DAY, abs=0.04)
    assert worst["uptime"] == pytest.approx(-truth.DECLINE_UPTIME_MIN_PER_DAY, abs=0.03)
    assert others["health"].abs().max() < truth.DECLINE_HEALTH_PER_DAY / 2


def test_one_firmware_is_worse(fleet: Feeds) -> None:
    healthy_site = pl.col("site_id") != f"SITE-{truth.declining_site(10) + 1:02d}"
    works = pl.col("comms_uptime_min") > 45
    means = (
        telemetry_with_towers(fleet)
        .filter(healthy_site & works)
        .group_by("firmware_version")
        .agg(pl.col("sensor_health_score", "comms_uptime_min", "cpu_pct", "mem_pct").mean())
    )
    bad = means.filter(pl.col("firmware_version") == truth.BAD_FIRMWARE).row(0, named=True)
    good = means.filter(pl.col("firmware_version") != truth.BAD_FIRMWARE).mean().row(0, named=True)
    planted = truth.FIRMWARE[truth.BAD_FIRMWARE]
    worse_by = {name: bad[name] - good[name] for name in means.columns if name != "firmware_version"}
    assert worse_by["sensor_health_score"] == pytest.approx(-planted.health_penalty, abs=1)
    assert worse_by["comms_uptime_min"] == pytest.approx(-planted.uptime_penalty_min, abs=0.5)
    assert worse_by["cpu_pct"] == pytest.approx(planted.cpu_penalty_pct, abs=2)
    assert worse_by["mem_pct"] == pytest.approx(planted.mem_penalty_pct, abs=3)


@pytest.mark.parametrize("env", truth.CLIMATE)
def test_weather_follows_environment_season_and_hour(env: str) -> None:
    world, until, climate = World(5, 10, 20), datetime(2027, 1, 1), truth.CLIMATE[env]
    days = [date(2026, month, day) for month in range(1, 13) for day in range(2, 28, 5)]
    telemetry = pl.concat([simulate_day("telemetry", world, day, until) for day in days])
    feeds = {"telemetry": telemetry} | {feed: simulate_snapshot(feed, world, until) for feed in ("sites", "towers")}
    here = telemetry_with_towers(feeds).filter(pl.col("env") == env)
    month, temp = pl.col("ts").dt.month(), pl.col("ambient_temp_c")
    assert here["ambient_temp_c"].mean() == pytest.approx(climate.annual_mean_c, abs=1)
    summer, winter = (here.filter(month == number).select(temp.mean()).item() for number in (7, 1))
    assert summer - winter == pytest.approx(2 * climate.seasonal_amplitude_c, rel=0.2)
    local = local_hours(here, "ts")
    afternoon, night = (here.filter(local == hour).select(temp.mean()).item() for hour in (15, 3))
    assert afternoon - night == pytest.approx(2 * climate.daily_amplitude_c, abs=0.8)


def test_power_follows_temperature(fleet: Feeds) -> None:
    rows = telemetry_with_towers(fleet).filter(pl.col("status") == "active", pl.col("comms_uptime_min") > 40)
    distance = (pl.col("ambient_temp_c") - truth.COMFORT_TEMP_C).abs()
    rest = pl.col("power_watts") - truth.POWER_PER_CPU_PCT_W * pl.col("cpu_pct")
    slope = rows.select(pl.cov(distance, rest) / distance.var()).item()
    assert slope == pytest.approx(truth.POWER_PER_DEGREE_W, abs=1.5)
