"""What a plausible distribution looks like: for each table, the frames to look at and the expectations on them.

Each threshold has its reason. A suite sees at most SAMPLE_ROWS rows and a few daily figures, whatever the size of the table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SAMPLE_ROWS = 20_000
TRAILING_DAYS = 28
DRIFT_LIMIT_SD = 4.0  # a day that differs from its trailing window by more is worth a look
DRIFT = "_drift_sd"  # how the columns of `drift_query` end that hold deviations


@dataclass(frozen=True)
class Suite:
    """Expectations on one asset.

    table: SQL relation, with {rows} for where it is. day: SQL of a row's day. sample: SQL columns to sample.
    drift: name → SQL aggregate whose newest full day is compared with the days before it. expectations: (type, keywords)
    on the sample; those on drift are made from `drift`.
    """

    asset: tuple[str, str]
    domain: str
    day: str
    sample: str
    expectations: tuple[tuple[str, Mapping[str, Any]], ...]
    drift: Mapping[str, str] = field(default_factory=dict)
    severity: str = "warn"


def _mean(column: str, low: float, high: float) -> tuple[str, dict[str, Any]]:
    return "ExpectColumnMeanToBeBetween", {"column": column, "min_value": low, "max_value": high}


def _quantiles(column: str, ranges: Mapping[float, tuple[float, float]]) -> tuple[str, dict[str, Any]]:
    values = {"quantiles": list(ranges), "value_ranges": [list(limits) for limits in ranges.values()]}
    return "ExpectColumnQuantileValuesToBeBetween", {"column": column, "quantile_ranges": values}


TELEMETRY = Suite(
    asset=("silver", "telemetry"),
    domain="fleet",
    day="ts::date",
    sample="cpu_pct, mem_pct, sensor_health_score, comms_uptime_min, power_watts, (comms_uptime_min < 30)::double as is_dark",
    expectations=(
        _mean("cpu_pct", 5, 90),  # idle or pinned throughout: the agent is broken, not the fleet
        _mean("mem_pct", 10, 95),
        _mean("sensor_health_score", 60, 100),
        _quantiles("sensor_health_score", {0.05: (20, 100), 0.5: (70, 100)}),
        _mean("comms_uptime_min", 45, 60),
        _mean("is_dark", 0, 0.15),  # more than maintenance explains
        _mean("power_watts", 20, 5000),
    ),
    drift={
        "cpu": "avg(cpu_pct)",
        "health": "avg(sensor_health_score)",
        "comms": "avg(comms_uptime_min)",
        "power": "avg(power_watts)",
    },
)
DETECTIONS = Suite(
    asset=("silver", "detections"),
    domain="detections",
    day="detected_at::date",
    sample=(
        "confidence_score, range_m, auto_resolved::double as auto_share, escalated_to_operator::double as escalated_share, "
        "false_positive::double as false_positive_share, (target_class = 'unknown')::double as unknown_share"
    ),
    expectations=(
        _mean("confidence_score", 0.5, 0.98),
        _quantiles("confidence_score", {0.1: (0.2, 0.9), 0.5: (0.5, 0.99)}),
        _mean("auto_share", 0.1, 0.9),
        _mean("escalated_share", 0.1, 0.9),
        _mean("false_positive_share", 0, 0.35),
        _mean("unknown_share", 0, 0.4),
        _mean("range_m", 50, 20_000),
    ),
    drift={
        "confidence": "avg(confidence_score)",
        "auto": "avg(auto_resolved::double)",
        "false_positive": "avg(false_positive::double)",
    },
)
ALERT_PIPELINE = Suite(
    asset=("silver", "alert_pipeline"),
    domain="detections",
    day="detection_ts::date",
    sample="detection_to_alert_s, alert_to_notify_s, notify_to_ack_s, is_overnight::double as overnight_share",
    expectations=(
        _quantiles("detection_to_alert_s", {0.5: (0, 60), 0.95: (0, 300)}),
        _quantiles("alert_to_notify_s", {0.5: (0, 120), 0.95: (0, 600)}),
        _quantiles("notify_to_ack_s", {0.5: (5, 900), 0.95: (10, 7200)}),
        _mean("overnight_share", 0.05, 0.8),
    ),
    drift={"alert": "median(detection_to_alert_s)", "ack": "median(notify_to_ack_s)"},
)
FLEET_HEALTH = Suite(
    asset=("marts", "fct_fleet_health_daily"),
    domain="fleet",
    day="telemetry_date",
    sample="avg_uptime_pct, avg_sensor_health, incidents_opened, (avg_uptime_pct < 50)::double as is_down",
    expectations=(
        _mean("avg_uptime_pct", 75, 100),
        _quantiles("avg_uptime_pct", {0.25: (60, 100), 0.5: (85, 100)}),
        _mean("avg_sensor_health", 60, 100),
        _mean("incidents_opened", 0, 1),
        _mean("is_down", 0, 0.15),
    ),
    drift={"uptime": "avg(avg_uptime_pct)", "health": "avg(avg_sensor_health)", "towers": "count(*)"},
)
SUITES = (TELEMETRY, DETECTIONS, ALERT_PIPELINE, FLEET_HEALTH)


def sample_query(suite: Suite, relation: str) -> str:
    """The rows of the trailing window, thinned by a fixed seed to at most SAMPLE_ROWS."""
    return (
        f"select {suite.sample} from {relation} "
        f"where {suite.day} > (select max({suite.day}) from {relation}) - {TRAILING_DAYS} "
        f"using sample reservoir({SAMPLE_ROWS} rows) repeatable (42)"
    )


def drift_query(suite: Suite, relation: str) -> str:
    """One row: each figure of the newest full day, and how many standard deviations it is from the mean of the trailing days.

    The newest day of all may be partial, so the one before it is judged. 0 where fewer than 7 days came before. The
    deviation is at least 1 % of the mean: figures that hardly move would otherwise cry at nothing.
    """
    figures = ", ".join(f"{aggregate} as {name}" for name, aggregate in suite.drift.items())
    scores = ", ".join(
        f"""coalesce(max(case when is_judged then {name} end) - avg(case when not is_judged then {name} end), 0)
            / greatest(coalesce(stddev_samp(case when not is_judged then {name} end), 0),
                       0.01 * abs(coalesce(avg(case when not is_judged then {name} end), 0)), 1e-9)
            * (count(*) > 7)::int as {name}{DRIFT},
            max(case when is_judged then {name} end) as {name}"""
        for name in suite.drift
    )
    return f"""
        with newest as (select max({suite.day}) as day from {relation}),
        daily as (
            select {suite.day} as day, {figures} from {relation}
            where {suite.day} < (select day from newest) and {suite.day} >= (select day from newest) - {TRAILING_DAYS + 1}
            group by all
        ),
        judged as (select *, day = (select max(day) from daily) as is_judged from daily)
        select {scores} from judged
    """


def drift_expectations(suite: Suite) -> list[tuple[str, dict[str, Any]]]:
    """The expectations on the one row of `drift_query`."""
    return [_mean(f"{name}{DRIFT}", -DRIFT_LIMIT_SD, DRIFT_LIMIT_SD) for name in suite.drift]
