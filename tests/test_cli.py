"""The command a newcomer types: help, one clear error, a user's own files end to end."""

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

SENTINEL = Path(sys.executable).with_name("sentinel")
WINDOW_START = pd.Timestamp("2026-03-01")
HOURS = 60 * 24


def _run(home, *arguments, **variables):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("SENTINEL_", "DAGSTER_"))}
    environment |= {"SENTINEL_HOME": str(home), "COLUMNS": "200"} | variables
    return subprocess.run(
        [SENTINEL, *map(str, arguments)], capture_output=True, text=True, env=environment, timeout=300
    )


@pytest.mark.parametrize("command", ["build", "ingest", "rollback", "verify", "dev"])
def test_help_of_each_command_has_an_example(tmp_path, command):
    done = _run(tmp_path, command, "--help")
    assert done.returncode == 0
    assert "Example: " in done.stdout


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        (["build", "--days", "0"], {}, "SENTINEL_DAYS='0': Input should be greater than or equal to 1"),
        (["build"], {"SENTINEL_SEED": "x"}, "SENTINEL_SEED='x'"),
        (["build", "--as-of", "yesterday"], {}, "SENTINEL_AS_OF='yesterday'"),
        (["build"], {"SENTINEL_INBOX_FEEDS": "radar"}, "SENTINEL_INBOX_FEEDS names radar, which has no contract"),
        (["ingest", "nowhere.csv"], {}, "nowhere.csv: no such file or folder"),
        (["ingest", ".", "--feed", "radar"], {}, "--feed radar: no such feed"),
        (["rollback"], {}, "There is no earlier build"),
        (["verify"], {}, "Nothing is published"),
    ],
)
def test_a_wrong_input_gets_one_clear_error_and_leaves_nothing(tmp_path, arguments, variables, said):
    done = _run(tmp_path, *arguments, **variables)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data" / "published").exists()


def test_an_inbox_feed_without_files_says_how_to_mend_it(tmp_path):
    done = _run(tmp_path, "build", "--no-report", "--days", 2, "--towers", 3, SENTINEL_INBOX_FEEDS="sites")
    assert done.returncode == 1
    assert "No rows of sites were received" in done.stdout
    assert "sentinel ingest" in done.stdout


def _nine_frames():
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


@pytest.fixture(scope="module")
def own_fleet(tmp_path_factory):
    """A home into which nine pandas files were ingested and built."""
    home, exports = tmp_path_factory.mktemp("own"), tmp_path_factory.mktemp("exports")
    frames = _nine_frames()
    for feed, frame in frames.items():
        frame.to_parquet(exports / f"{feed}.parquet")
    ingested = _run(home, "ingest", exports)
    return home, frames, ingested, _run(home, "build", "--no-report")


def test_ingest_takes_all_nine_and_says_what_comes_next(own_fleet):
    _, frames, ingested, _ = own_fleet
    assert ingested.returncode == 0, ingested.stdout + ingested.stderr
    assert "9 of 9 files taken" in ingested.stdout
    assert "sentinel build" in ingested.stdout
    assert f"{len(frames['telemetry']):,}" in ingested.stdout
    assert "2026-03-01 to 2026-04-29" in ingested.stdout


def test_the_build_publishes_a_window_that_ended_months_ago(own_fleet):
    home, frames, _, built = own_fleet
    assert built.returncode == 0, built.stdout + built.stderr
    assert "Published" in built.stdout
    assert "freshness" in built.stdout  # stale: told, not blocking
    manifest = json.loads((home / "data/published/current/manifest.json").read_text())
    assert manifest["as_of"] == "2026-04-30T00:00:00"
    assert manifest["as_of_basis"] == "newest_event"
    with duckdb.connect(str(home / "data/published/current/sentinel.duckdb"), read_only=True) as connection:
        rows = dict(connection.execute("select feed, rows_good from ops.feed_summary").fetchall())
        assert rows == {feed: len(frame) for feed, frame in frames.items()}
        assert connection.execute("select is_historical from ops.build").fetchone() == (True,)
        assert connection.execute("select count(*) from marts.fct_fleet_health_daily").fetchone() == (8 * 60,)
        assert connection.execute(
            "select stock_status from marts.fct_inventory_status order by part_number"
        ).fetchall() == [
            ("healthy",),
            ("critical",),
        ]
        stale = connection.execute("select distinct status from ops.freshness").fetchall()
        assert stale == [("error",)]


def test_building_again_from_the_same_files_gives_the_same_build(own_fleet):
    home, _, _, built = own_fleet
    again = _run(home, "build", "--no-report")
    assert again.returncode == 0
    identify = [line.split()[1] for line in built.stdout.splitlines() if line.startswith("build ")]
    assert identify
    assert identify == [line.split()[1] for line in again.stdout.splitlines() if line.startswith("build ")]


def test_a_file_that_breaks_the_shape_is_refused_and_nothing_is_lost(own_fleet, tmp_path):
    home, *_ = own_fleet
    bad = tmp_path / "telemetry_late.csv"
    bad.write_text("tower_id,time,cpu\nT0,2026-03-01,5\n")
    done = _run(home, "ingest", bad)
    assert done.returncode == 1
    assert "telemetry_late.csv" in done.stdout
    assert "is missing" in done.stdout
    assert not (home / "inbox/telemetry" / bad.name).exists()
    kept = list((home / "data/bronze/telemetry/_refused").iterdir())
    assert [path.read_bytes() for path in kept] == [bad.read_bytes()]
