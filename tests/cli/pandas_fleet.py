"""A fleet of a pandas user's own: one frame per feed."""

import numpy as np
import pandas as pd

WINDOW_START = pd.Timestamp("2026-03-01")
HOURS = 60 * 24


def nine_frames() -> dict[str, pd.DataFrame]:
    """What a pandas user has: nanosecond times, NaT for null, dates as timestamps, objects for text."""
    random = np.random.default_rng(7)
    towers = [f"T{number}" for number in range(8)]
    sites = ["north", "south"]
    hours = pd.date_range(WINDOW_START, periods=HOURS, freq="h")
    telemetry = pd.MultiIndex.from_product([towers, hours], names=["tower_id", "ts"]).to_frame(index=False)
    count = len(telemetry)
    telemetry = telemetry.assign(
        cpu_pct=random.uniform(10, 80, count),
        mem_pct=random.uniform(20, 80, count),
        sensor_health_score=random.uniform(80, 100, count),
        comms_uptime_min=random.integers(50, 61, count),
        power_watts=random.uniform(200, 500, count).astype("float32"),
        ambient_temp_c=random.uniform(-5, 30, count),
    )
    detected = WINDOW_START + pd.to_timedelta(np.sort(random.uniform(0, HOURS * 3600, 400)), unit="s")
    confidence = random.uniform(0.4, 1, 400)
    target = random.choice(["human", "vehicle", "UAS", "unknown"], 400)
    auto = (confidence >= 0.85) & (target != "unknown")
    detections = pd.DataFrame(
        {
            "detection_id": [f"D{number}" for number in range(400)],
            "tower_id": random.choice(towers, 400),
            "site_id": random.choice(sites, 400),
            "detected_at": detected,
            "target_class": target,
            "confidence_score": confidence,
            "bearing_deg": random.uniform(0, 360, 400),
            "range_m": random.uniform(50, 4000, 400),
            "auto_resolved": auto,
            "escalated_to_operator": ~auto,
            "false_positive": random.random(400) < 0.1,
        }
    )
    escalated = detections[detections.escalated_to_operator]
    steps = {
        name: pd.Series(random.integers(low, high, len(escalated)), index=escalated.index)
        for name, low, high in [("alert", 1, 5), ("notify", 2, 9), ("ack", 20, 200), ("resolve", 60, 900)]
    }
    stamps = {}
    moment = escalated.detected_at
    for name, seconds in steps.items():
        moment = moment + pd.to_timedelta(seconds, unit="s")
        stamps[name] = moment
    alert_pipeline = pd.DataFrame(
        {
            "detection_id": escalated.detection_id,
            "detection_ts": escalated.detected_at,
            "alert_generated_ts": stamps["alert"],
            "operator_notified_ts": stamps["notify"],
            "operator_ack_ts": stamps["ack"],
            "resolved_ts": stamps["resolve"],
            "is_overnight": escalated.detected_at.dt.hour.isin([22, 23, 0, 1, 2, 3, 4, 5]),
            "detection_to_alert_s": steps["alert"],
            "alert_to_notify_s": steps["notify"],
            "notify_to_ack_s": steps["ack"],
            "ack_to_resolve_s": steps["resolve"],
            "total_response_s": sum(steps.values()),
        }
    )
    when = [WINDOW_START + pd.Timedelta(days=day) for day in range(10)]
    return {
        "sites": pd.DataFrame(
            {
                "site_id": sites,
                "site_name": ["North", "South <b>Post</b>"],
                "region": ["R1", "R2"],
                "env": ["tundra", "desert"],
            }
            | {
                "lat": [61.0, 31.5],
                "lng": [-149.0, -106.0],
                "commissioned_date": pd.to_datetime(["2020-01-01", "2021-05-01"]),
            }
        ),
        "towers": pd.DataFrame(
            {"tower_id": towers, "model": "M1", "firmware_version": "1.0", "site_id": [sites[i % 2] for i in range(8)]}
            | {"deploy_date": pd.Timestamp("2022-06-01"), "status": ["maintenance"] + ["active"] * 7}
        ),
        "telemetry": telemetry,
        "deployments": pd.DataFrame(
            {"deployment_id": ["P1", "P2"], "tower_id": ["T0", "T1"], "mission_name": "Watch", "start_ts": when[:2]}
            | {"end_ts": [when[5], pd.NaT], "status": ["completed", "active"]}
        ),
        "incidents": pd.DataFrame(
            {"incident_id": ["I1", "I2", "I3"], "tower_id": ["T0", "T1", "T2"], "opened_at": when[:3]}
            | {
                "closed_at": [when[4], pd.NaT, when[6]],
                "severity": ["P1", "P2", "P4"],
                "category": ["comm", "power", "other"],
            }
            | {"root_cause": ["loose cable", None, ""]}
        ),
        "components": pd.DataFrame(
            {
                "component_id": ["C1", "C2", "C3"],
                "tower_id": ["T0", "T0", "T1"],
                "component_type": ["radar", "comm", "radar"],
            }
            | {"part_number": ["R-1", "K-1", "R-1"], "installed_at": when[:3], "failed_at": [when[7], pd.NaT, pd.NaT]}
            | {"mtbf_target_hours": [8000, 12000, 8000], "is_failed": [True, False, False]}
        ),
        "inventory": pd.DataFrame(
            {"part_number": ["R-1", "K-1"], "description": ["Radar head", "Radio"], "category": ["radar", "comm"]}
            | {
                "on_hand": [1, 20],
                "in_transit": [2, 0],
                "allocated": [1, 3],
                "reorder_point": [2, 5],
                "lead_time_days": [45, 10],
            }
            | {"last_updated": WINDOW_START + pd.Timedelta(days=59)}
        ),
        "detections": detections,
        "alert_pipeline": alert_pipeline,
    }
