"""A user's own files, from ingest to a release and beyond."""

import json
import time

import duckdb
import pytest

from tests.cli.commands import run_sentinel
from tests.cli.pandas_fleet import nine_frames


@pytest.fixture(scope="module")
def own_fleet(tmp_path_factory):
    """A home into which nine pandas files were ingested and built."""
    home, exports = tmp_path_factory.mktemp("own"), tmp_path_factory.mktemp("exports")
    frames = nine_frames()
    for feed, frame in frames.items():
        frame.to_parquet(exports / f"{feed}.parquet")
    ingested = run_sentinel(home, "ingest", exports)
    return home, frames, ingested, run_sentinel(home, "build", "--no-report")


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
    opening, *_ = built.stdout.splitlines()
    assert opening == "Building from the inbox"  # what "now" means is known when every event is in
    assert "as of    2026-04-30 00:00 UTC, the hour after the newest event" in built.stdout
    assert "Published" in built.stdout
    assert "freshness" in built.stdout  # stale: shown, not blocking
    manifest = json.loads((home / "data/published/current/manifest.json").read_text())
    assert manifest["as_of"] == "2026-04-30T00:00:00"
    assert manifest["as_of_basis"] == "newest_event"
    with duckdb.connect(str(home / "data/published/current/sentinel.duckdb"), read_only=True) as connection:
        rows = dict(connection.execute("select feed, rows_good from ops.feed_summary").fetchall())
        assert rows == {feed: len(frame) for feed, frame in frames.items()}
        assert connection.execute("select is_historical from ops.release").fetchone() == (True,)
        assert connection.execute("select count(*) from marts.fct_fleet_health_daily").fetchone() == (8 * 60,)
        assert connection.execute(
            "select stock_status from marts.fct_inventory_status order by part_number"
        ).fetchall() == [
            ("healthy",),
            ("critical",),
        ]
        stale = connection.execute("select distinct status from ops.freshness").fetchall()
        assert stale == [("error",)]


def test_building_again_from_the_same_files_gives_the_same_release(own_fleet):
    home, _, _, built = own_fleet
    started = time.monotonic()
    again = run_sentinel(home, "build", "--no-report")
    waited = time.monotonic() - started
    assert again.returncode == 0
    assert "Unchanged" in again.stdout
    assert "Published" not in again.stdout
    (total,) = [float(line.split()[1]) for line in again.stdout.splitlines() if line.startswith("total ")]
    assert waited - 4 < total <= waited  # all but the start of Python and its end
    identify = [line.split()[1] for line in built.stdout.splitlines() if line.startswith("release ")]
    assert identify
    assert identify == [line.split()[1] for line in again.stdout.splitlines() if line.startswith("release ")]


def test_a_file_that_breaks_the_shape_is_refused_and_nothing_is_lost(own_fleet, tmp_path):
    home, *_ = own_fleet
    bad = tmp_path / "telemetry_late.csv"
    bad.write_text("tower_id,time,cpu\nT0,2026-03-01,5\n")
    done = run_sentinel(home, "ingest", bad)
    assert done.returncode == 1
    assert "telemetry_late.csv" in done.stdout
    assert "is missing" in done.stdout
    assert not (home / "inbox/telemetry" / bad.name).exists()
    kept = list((home / "data/bronze/telemetry/_refused").iterdir())
    assert [path.read_bytes() for path in kept] == [bad.read_bytes()]


def test_files_that_are_known_already_are_called_so(own_fleet, tmp_path):
    home, frames, *_ = own_fleet
    frames["towers"].to_parquet(tmp_path / "towers.parquet")
    done = run_sentinel(home, "ingest", tmp_path)
    assert done.returncode == 0
    assert "already known" in done.stdout
    assert "0 of 1 files taken into" in done.stdout
    assert ", 1 already known." in done.stdout


def test_ingest_says_beforehand_which_rows_a_build_will_quarantine(own_fleet, tmp_path):
    home, frames, *_ = own_fleet
    detections = frames["detections"].assign(detection_id=lambda rows: "N" + rows.detection_id)
    is_first = detections.index < 40
    detections.loc[is_first, "target_class"] = "uas"
    detections.loc[detections.index == 50, "tower_id"] = "T99"
    file = tmp_path / "detections_new.csv"
    detections.to_csv(file)  # with its index
    known = sorted(path for path in home.rglob("*.parquet") if "bronze" not in path.parts)
    done = run_sentinel(home, "ingest", file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ignored columns: one without a name (pandas' index)" in done.stdout
    assert (
        "detections_new.csv: 40 of 400 rows: `target_class` is 'uas'; allowed: human, vehicle, UAS, unknown. "
        "Add a value map (mappings/detections.yaml) or correct the file."
    ) in done.stdout
    assert (
        "1 of 400 rows: `tower_id` is 'T99', which is not in towers. Submit the missing rows of towers" in done.stdout
    )
    assert (
        "41 of 400 rows will be quarantined. Nothing is published while they are over 2.0% of detections."
        in done.stdout
    )
    assert sorted(path for path in home.rglob("*.parquet") if "bronze" not in path.parts) == known
    (home / "inbox/detections" / file.name).unlink()
