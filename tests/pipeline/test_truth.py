"""What the simulator plants is what the marts tell: each effect is recovered from the published tables."""

import pytest

from sentinel_orchestration.feeds.simulator.detections.truth import AUTO_RESOLVE_CONFIDENCE
from sentinel_orchestration.feeds.simulator.fleet import truth


def test_border_sites_see_most_detections(default_build):
    rows = dict(
        default_build.query("""
        select site_name ilike '%border%', count(*) from marts.fct_detection_events join marts.dim_site using (site_id) group by 1
    """)
    )
    assert rows[True] > rows[False]


def test_dawn_and_dusk_peaks(default_build):
    hourly = dict(
        default_build.query(
            "select part_of_day, sum(detections) / any_value(part_hours) from reports.rpt_detection_activity"
            " where is_local group by 1"
        )
    )
    assert min(hourly["dawn"], hourly["dusk"]) > 1.5 * max(hourly["day"], hourly["night"])


def test_overnight_acknowledgement_is_two_to_four_times_slower(default_build):
    medians = dict(
        default_build.query(
            "select is_overnight, median(notify_to_ack_sec) from marts.fct_alert_pipeline_latency group by 1"
        )
    )
    assert 2 < medians[True] / medians[False] < 4


def test_auto_resolution_follows_confidence_and_class(default_build):
    assert default_build.query(f"""
        select count(*) from marts.fct_detection_events
        where auto_resolved != (confidence_score >= {AUTO_RESOLVE_CONFIDENCE} and target_class != 'unknown')
           or auto_resolved = escalated_to_operator
    """) == [(0,)]


def test_each_escalated_detection_has_one_alert(default_build):
    escalated = default_build.query("select count(*) from marts.fct_detection_events where escalated_to_operator")
    assert escalated == default_build.query("select count(distinct detection_id) from marts.fct_alert_pipeline_latency")
    assert escalated == default_build.query("select count(*) from marts.fct_alert_pipeline_latency")


def test_false_positives_are_worst_for_unknown_and_uas(default_build):
    shares = dict(
        default_build.query("select target_class, avg(false_positive::int) from marts.fct_detection_events group by 1")
    )
    assert min(shares["unknown"], shares["UAS"]) > max(shares["human"], shares["vehicle"])


def test_towers_in_maintenance_lose_comms(default_build):
    rows = dict(
        default_build.query("""
        select status, avg(avg_uptime_pct) from marts.fct_fleet_health_daily join marts.dim_tower using (tower_id)
        where telemetry_date = (select max(telemetry_date) from marts.fct_fleet_health_daily) group by 1
    """)
    )
    assert rows["maintenance"] < rows["active"] - 20


def test_observed_mtbf_tells_which_types_miss_their_target(default_build):
    ratios = dict(
        default_build.query("select component_type, max(ratio) from marts.fct_component_reliability group by 1")
    )
    assert ratios["radar"] < 0.9
    assert ratios["power"] < 0.9
    assert ratios["eo_ir"] > 1
    assert ratios["compute"] > 1


def test_components_are_missing_for_as_long_as_a_replacement_takes(default_build):
    ((mean_down_hours, outages),) = default_build.query("""
        select mean_down_hours, restored_outages from reports.rpt_component_availability
        where (site_key, period, component_type) = ('all', 'all', 'all')
    """)
    soonest, latest = truth.REPLACEMENT_HOURS
    error = (latest - soonest) / (12 * outages) ** 0.5
    assert abs(mean_down_hours - (soonest + latest) / 2) < 3 * error


def test_severe_incidents_close_faster(default_build):
    medians = dict(
        default_build.query(
            "select severity, median(resolve_hours) from marts.fct_incidents where not is_open group by 1"
        )
    )
    assert medians["P1"] < medians["P2"] < medians["P3"] < medians["P4"]


def test_the_declining_site_declines(default_build):
    (site, slope), (_, next_worst) = default_build.query("""
        select site_name, regr_slope(health, day) as slope from (
            select site_id, telemetry_date - date '2026-01-01' as day, median(avg_sensor_health) as health
            from marts.fct_fleet_health_daily group by all
        ) join marts.dim_site using (site_id) group by 1 order by slope limit 2
    """)
    assert slope == pytest.approx(-truth.DECLINE_HEALTH_PER_DAY, abs=0.04)
    assert next_worst > slope / 2
    index = truth.declining_site(10)
    assert site == default_build.query("select site_name from marts.dim_site order by site_id")[index][0]


def test_the_bad_firmware_is_worse(default_build):
    worst = default_build.query("""
        select firmware_version from marts.fct_fleet_health_daily join marts.dim_tower using (tower_id)
        group by 1 order by median(avg_sensor_health) limit 1
    """)
    assert worst == [(truth.BAD_FIRMWARE,)]


def test_weather_follows_the_environment(default_build):
    temperatures = dict(
        default_build.query("""
        select env, avg(avg_ambient_temp_c) from marts.fct_fleet_health_daily join marts.dim_site using (site_id) group by 1
    """)
    )
    assert temperatures["tundra"] == min(temperatures.values())
    assert temperatures["desert"] == max(temperatures.values())


def test_every_stock_status_is_present(default_build):
    assert {
        status for (status,) in default_build.query("select distinct stock_status from marts.fct_inventory_status")
    } == {
        "critical",
        "reorder",
        "watch",
        "healthy",
    }
