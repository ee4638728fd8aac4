"""The build of a run: its as_of, what changed since the last one, and one writer at a time."""

import subprocess
import sys
from datetime import datetime, timedelta

import polars as pl
import pytest

from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.silver import gate_feed
from sentinel_orchestration.lock import hold_build_lock, release_build_lock
from sentinel_orchestration.settings import Settings
from sentinel_orchestration.warehouse.build import NoBuildError, read_build, resolve_as_of, start_build

NOW = datetime(2026, 11, 21, 5)


def _lake(tmp_path, as_of=NOW, **settings):
    lake = Lake(Settings(home=tmp_path, sites=2, towers=5, days=3, **settings), as_of)
    for feed in ("sites", "towers", "telemetry"):
        lake.receive(feed)
        gate_feed(lake, feed)
    return lake


def _versions(lake):
    return start_build(lake, "run", "digest").silver_versions


def test_as_of_is_the_setting_before_all_else(tmp_path):
    lake = _lake(tmp_path)
    fixed = Lake(lake.settings.model_copy(update={"as_of": datetime(2027, 1, 1)}), NOW)
    assert resolve_as_of(fixed, _versions(lake)) == (datetime(2027, 1, 1), "setting")


@pytest.mark.parametrize(
    ("hours_later", "expected"),
    [(0, (NOW, "clock")), (23, (NOW + timedelta(hours=23), "clock")), (24, (NOW, "newest_event"))],
)
def test_as_of_is_the_hour_unless_every_event_is_over_a_day_old(tmp_path, hours_later, expected):
    lake = _lake(tmp_path)
    versions = _versions(lake)
    newest = pl.read_parquet(lake.settings.silver_dir / "telemetry" / "day=2026-11-21" / "part.parquet")["ts"].max()
    assert newest == NOW - timedelta(hours=1)
    assert resolve_as_of(Lake(lake.settings, NOW + timedelta(hours=hours_later)), versions) == expected


def test_a_run_without_a_build_says_what_to_do(tmp_path):
    with pytest.raises(NoBuildError, match="Materialise the marts"):
        read_build(Settings(home=tmp_path), "no-such-run")


def test_a_build_is_read_back_as_it_was_started(tmp_path):
    build = start_build(_lake(tmp_path), "run", "digest")
    assert read_build(Settings(home=tmp_path), "run") == build
    assert build.is_full


def test_the_second_process_waits_and_is_told_who_holds_the_lock(tmp_path):
    hold_build_lock(tmp_path, "sentinel build", print)
    code = (
        "import sys, pathlib; from sentinel_orchestration.lock import hold_build_lock;"
        "hold_build_lock(pathlib.Path(sys.argv[1]), 'second', lambda text: print(text, flush=True)); print('got it')"
    )
    second = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    told = second.stdout.readline()
    assert "waiting for sentinel build (process" in told
    assert second.poll() is None
    release_build_lock(tmp_path)
    assert second.communicate(timeout=30)[0] == "got it\n"
