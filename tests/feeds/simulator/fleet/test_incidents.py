"""Incidents show what truth.py plants, within statistical error."""

from datetime import datetime

import polars as pl
import pytest

from sentinel_orchestration.feeds.simulator.fleet import truth
from tests.feeds.simulator.shares import assert_share

Feeds = dict[str, pl.DataFrame]


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
