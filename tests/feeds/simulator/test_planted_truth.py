"""What truth.py plants is what the generated rows show, within statistical error."""

import math
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sentinel_orchestration.feeds.simulator import World, simulate_day, simulate_snapshot, truth

Feeds = dict[str, pl.DataFrame]
SIGMAS = 4.5  # standard errors a share or mean may be off


def assert_share(hits: int, trials: int, share: float) -> None:
    error = math.sqrt(share * (1 - share) / trials)
    assert abs(hits / trials - share) < SIGMAS * error, f"{hits} of {trials} against {share}"


def telemetry_with_towers(feeds: Feeds) -> pl.DataFrame:
    return feeds["telemetry"].join(feeds["towers"], on="tower_id").join(feeds["sites"], on="site_id")


# ---- detections ---------------------------------------------------------------------------------


def test_border_sites_see_most_detections(fleet: Feeds) -> None:
    counts = fleet["detections"].group_by("site_id").len().join(fleet["sites"], on="site_id").sort("len")
    assert counts["site_name"].str.contains("Border").to_list() == [False] * 7 + [True] * 3


def test_detections_peak_at_dawn_and_dusk(large_fleet: Feeds) -> None:
    hours = large_fleet["detections"]["detected_at"].dt.hour()
    for hour, share in enumerate(truth.HOUR_WEIGHTS):
        assert_share((hours == hour).sum(), len(hours), share)
    busiest = set(np.argsort(truth.HOUR_WEIGHTS)[-6:].tolist())
    assert busiest == {*truth.DAWN_HOURS, *truth.DUSK_HOURS}


@pytest.mark.parametrize("name", truth.TARGET_CLASSES)
def test_class_mix_and_false_positives(large_fleet: Feeds, name: str) -> None:
    planted, detections = truth.TARGET_CLASSES[name], large_fleet["detections"]
    of_class = detections.filter(pl.col("target_class") == name)
    assert_share(of_class.height, detections.height, planted.share)
    assert_share(of_class["false_positive"].sum(), of_class.height, planted.false_positive_share)
    doubtful = of_class.filter(pl.col("confidence_score") < of_class["confidence_score"].median())
    assert doubtful["false_positive"].mean() > planted.false_positive_share


def test_unknown_and_uas_are_wrong_most_often(fleet: Feeds) -> None:
    by_class = fleet["detections"].group_by("target_class").agg(pl.col("false_positive").mean())
    assert by_class.sort("false_positive")["target_class"].to_list() == ["human", "vehicle", "UAS", "unknown"]


def test_operators_acknowledge_slower_overnight(fleet: Feeds) -> None:
    alerts = fleet["alert_pipeline"]
    overnight_hours = alerts["detection_ts"].dt.hour().is_in(truth.OVERNIGHT_HOURS)
    assert (alerts["is_overnight"] == overnight_hours).all()
    medians = dict(alerts.group_by("is_overnight").agg(pl.col("notify_to_ack_s").median()).rows())
    assert medians[False] == pytest.approx(truth.NOTIFY_TO_ACK_SEC.median, rel=0.1)
    assert 2 < medians[True] / medians[False] < 4
    others = alerts.group_by("is_overnight").agg(pl.col("ack_to_resolve_s").median())["ack_to_resolve_s"]
    assert others.max() / others.min() < 1.25


@pytest.mark.parametrize(
    ("column", "planted"),
    [
        ("detection_to_alert_s", truth.DETECTION_TO_ALERT_SEC),
        ("alert_to_notify_s", truth.ALERT_TO_NOTIFY_SEC),
        ("ack_to_resolve_s", truth.ACK_TO_RESOLVE_SEC),
    ],
)
def test_stage_latencies(large_fleet: Feeds, column: str, planted: truth.Duration) -> None:
    seconds = large_fleet["alert_pipeline"][column].drop_nulls()
    assert seconds.median() == pytest.approx(planted.median, rel=0.05)
    assert seconds.log().std() == pytest.approx(planted.sigma, rel=0.05)
    assert seconds.max() <= planted.longest + 0.001


# ---- telemetry ----------------------------------------------------------------------------------


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
    afternoon, night = (here.filter(pl.col("ts").dt.hour() == hour).select(temp.mean()).item() for hour in (15, 3))
    assert afternoon - night == pytest.approx(2 * climate.daily_amplitude_c, abs=0.8)


def test_power_follows_temperature(fleet: Feeds) -> None:
    rows = telemetry_with_towers(fleet).filter(pl.col("status") == "active", pl.col("comms_uptime_min") > 40)
    distance = (pl.col("ambient_temp_c") - truth.COMFORT_TEMP_C).abs()
    rest = pl.col("power_watts") - truth.POWER_PER_CPU_PCT_W * pl.col("cpu_pct")
    slope = rows.select(pl.cov(distance, rest) / distance.var()).item()
    assert slope == pytest.approx(truth.POWER_PER_DEGREE_W, abs=1.5)


# ---- incidents ----------------------------------------------------------------------------------


def test_time_to_close_depends_on_severity(large_fleet: Feeds) -> None:
    # The newest two months are left out: their slow incidents are still open.
    incidents = large_fleet["incidents"].filter(pl.col("opened_at") < datetime(2026, 1, 15))
    for severity, planted in truth.TIME_TO_CLOSE_HOURS.items():
        of_severity = incidents.filter(pl.col("severity") == severity)
        assert_share(of_severity.height, incidents.height, truth.SEVERITY_SHARE[severity])
        hours = (of_severity["closed_at"] - of_severity["opened_at"]).dt.total_seconds().drop_nulls() / 3600
        assert hours.median() == pytest.approx(planted.median, rel=0.15)
        assert hours.log().std() == pytest.approx(planted.sigma, rel=0.15)
    medians = [duration.median for duration in truth.TIME_TO_CLOSE_HOURS.values()]
    assert medians == sorted(medians)


def test_incident_rates_by_firmware_and_site(large_fleet: Feeds) -> None:
    towers = large_fleet["towers"].filter(pl.col("status") != "decommissioned")
    counts = large_fleet["incidents"].group_by("tower_id").len()
    rates = (
        towers.join(counts, on="tower_id", how="left")
        .with_columns(pl.col("len").fill_null(0) / truth.INCIDENT_HISTORY_DAYS)
        .group_by(
            bad=pl.col("firmware_version") == truth.BAD_FIRMWARE,
            declining=pl.col("site_id") == f"SITE-{truth.declining_site(10) + 1:02d}",
        )
        .agg(pl.col("len").mean())
    )
    rate = {(bad, declining): value for bad, declining, value in rates.rows()}
    planted = truth.FIRMWARE[truth.BAD_FIRMWARE].incident_factor
    assert rate[False, False] == pytest.approx(truth.INCIDENTS_PER_TOWER_DAY, rel=0.1)
    assert rate[True, False] / rate[False, False] == pytest.approx(planted, rel=0.15)
    assert rate[False, True] / rate[False, False] > 1.5


def test_the_cause_is_known_once_closed(fleet: Feeds) -> None:
    incidents = fleet["incidents"]
    assert (incidents["root_cause"].is_null() == incidents["closed_at"].is_null()).all()
    assert incidents["closed_at"].null_count() > 5


def test_an_open_p1_comm_incident_cuts_the_link(large_fleet: Feeds) -> None:
    cut = large_fleet["incidents"].filter(severity="P1", category="comm").select("tower_id", "opened_at", "closed_at")
    during = (
        large_fleet["telemetry"]
        .join(cut, on="tower_id")
        .filter(
            pl.col("ts") >= pl.col("opened_at"),
            pl.col("ts") < pl.col("closed_at").fill_null(datetime(2100, 1, 1)),
        )
    )
    assert during.height > 30
    assert during["comms_uptime_min"].max() < 60 * truth.OUTAGE_UPTIME_FACTOR


# ---- deployments, components, stock -------------------------------------------------------------


def test_missions_of_a_tower_follow_each_other(large_fleet: Feeds) -> None:
    missions = large_fleet["deployments"].sort("tower_id", "start_ts")
    next_start = pl.col("start_ts").shift(-1).over("tower_id")
    assert missions.filter(next_start < pl.col("end_ts").fill_null(datetime(2100, 1, 1))).is_empty()
    active = missions.filter(status="active")["tower_id"]
    assert not active.is_duplicated().any()
    assert 0.4 < len(active) / large_fleet["towers"].height < 0.8


@pytest.mark.parametrize("kind", truth.LIVES)
def test_lives_are_weibull(large_fleet: Feeds, as_of: datetime, kind: str) -> None:
    life, components = truth.LIVES[kind], large_fleet["components"].filter(component_type=kind)
    end = pl.col("failed_at").fill_null(as_of)
    hours = components.select((end - pl.col("installed_at")).dt.total_seconds() / 3600).to_series()
    lives = pl.DataFrame({"hours": hours, "failed": components["is_failed"]}).filter(pl.col("hours") > 0)
    data = stats.CensoredData.right_censored(lives["hours"].to_numpy(), ~lives["failed"].to_numpy())
    shape, _, scale = stats.weibull_min.fit(data, floc=0)
    assert shape == pytest.approx(life.shape, rel=0.12)
    assert scale == pytest.approx(life.scale_hours, rel=0.12)


def test_some_types_miss_their_target(fleet: Feeds, as_of: datetime) -> None:
    end = pl.col("failed_at").fill_null(as_of)
    types = (
        fleet["components"]
        .group_by("component_type")
        .agg(
            hours=((end - pl.col("installed_at")).dt.total_seconds() / 3600).sum(),
            failures=pl.col("is_failed").sum(),
            target=pl.col("mtbf_target_hours").first(),
        )
    )
    assert types["failures"].min() >= 10
    observed = pl.col("hours") / pl.col("failures")
    ratio = dict(types.select("component_type", observed / pl.col("target")).rows())
    assert {kind for kind, value in ratio.items() if value < 0.85} >= {"radar", "power"}
    assert max(ratio.values()) > 1.1


def test_failed_components_are_replaced(fleet: Feeds, as_of: datetime) -> None:
    in_turn = fleet["components"].sort("installed_at")
    gaps = in_turn.group_by("tower_id", "component_type", maintain_order=True).agg(
        working=(~pl.col("is_failed")).sum(),
        pause=(pl.col("installed_at").shift(-1) - pl.col("failed_at")).drop_nulls(),
        last_failed=pl.col("failed_at").last(),
    )
    in_service = fleet["towers"].filter(pl.col("status") != "decommissioned").height
    assert gaps.height == in_service * len(truth.LIVES)
    assert gaps["working"].max() == 1
    soonest, latest = truth.REPLACEMENT_HOURS
    pauses = gaps["pause"].explode().drop_nulls().dt.total_minutes() / 60
    assert pauses.is_between(soonest - 0.1, latest + 0.1).all()
    waiting = gaps.filter(pl.col("working") == 0)["last_failed"]
    assert ((as_of - waiting).dt.total_hours() <= latest).all()


@given(
    world=st.builds(World, seed=st.integers(0, 2**40), sites=st.integers(1, 12), towers=st.integers(1, 80)),
    moment=st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),
)
@settings(max_examples=60, deadline=None)
def test_every_stock_status_is_present(world: World, moment: datetime) -> None:
    stock = simulate_snapshot("inventory", world, moment)
    available, reorder = stock["on_hand"] - stock["allocated"], stock["reorder_point"]
    is_long = stock["lead_time_days"] > 28
    critical = (available <= 0) | ((available < reorder) & is_long)
    below = ~critical & (available < reorder)
    watch_end = reorder * pl.select(pl.when(is_long).then(2.0).otherwise(1.5)).to_series()
    watch = ~critical & ~below & (available < watch_end)
    healthy = available >= watch_end
    assert all(state.any() for state in (critical, below, watch, healthy))
    assert is_long.any()
    assert not is_long.all()
