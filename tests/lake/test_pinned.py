"""A pinned lake: the batches of a build, whatever the inbox, the simulator and the settings say now."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from sentinel_orchestration.lake.pinned import PinnedLake
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.settings import Settings

FEEDS = ("sites", "towers", "telemetry")


@pytest.fixture
def pin(tmp_path: Path) -> Callable[..., PinnedLake]:
    """Pins what a lake counts now, and gives it as a lake of later settings sees it."""

    def pinned(lake: Lake, **later: object) -> PinnedLake:
        ids = {feed: sorted({r.batch_id for rs in lake.active(feed).values() for r in rs}) for feed in FEEDS}
        (tmp_path / "manifest.json").write_text(json.dumps({"batches": ids}))
        settings = Settings(**lake.settings.model_dump() | later)
        return PinnedLake(settings, lake.as_of + timedelta(days=40), tmp_path / "manifest.json")

    return pinned


def test_files_that_come_and_go_change_nothing(lake: Lake, pin, submit, fleet_rows: dict[str, pl.DataFrame]) -> None:
    rows = fleet_rows["telemetry"]
    one, two = submit("telemetry", rows.head(90), "1.parquet"), submit("telemetry", rows.tail(90), "2.parquet")
    for feed in FEEDS:
        lake.receive(feed)
    before = {feed: lake.active(feed) for feed in FEEDS}
    pinned = pin(lake, seed=7)
    one.unlink()
    two.rename(two.with_name("renamed.parquet"))
    submit("telemetry", rows.with_columns(cpu_pct=0.0), "3.parquet")
    lake.receive("telemetry")
    assert {r.source_file for rs in lake.active("telemetry").values() for r in rs} == {"renamed.parquet", "3.parquet"}

    after = {feed: pinned.active(feed) for feed in FEEDS}

    ids = [
        {feed: {day: [r.batch_id for r in rs] for day, rs in found[feed].items()} for feed in FEEDS}
        for found in (before, after)
    ]
    assert ids[0] == ids[1]
    assert [pinned.source(feed) for feed in FEEDS] == ["simulator", "simulator", "inbox"]
    assert pinned.missing() == {}


def test_it_receives_nothing(lake: Lake, pin, submit, fleet_rows: dict[str, pl.DataFrame]) -> None:
    for feed in FEEDS:
        lake.receive(feed)
    pinned = pin(lake, days=30, towers=9)
    submit("telemetry", fleet_rows["telemetry"])
    before = sorted(lake.layout.bronze.rglob("*"))
    for feed in FEEDS:
        assert [r.batch_id for r in pinned.receive(feed)] == [r.batch_id for r in lake.bronze(feed).records()]
    assert sorted(lake.layout.bronze.rglob("*")) == before


def test_it_names_what_bronze_lost(lake: Lake, pin) -> None:
    for feed in FEEDS:
        lake.receive(feed)
    pinned = pin(lake)
    first, second, _ = lake.bronze("telemetry").records()
    lake.bronze("telemetry").piece(next(iter(first.rows_by_day)), first.batch_id, 0).unlink()
    (lake.layout.bronze / "telemetry" / "_batches" / f"{second.batch_id}.json").unlink()
    assert pinned.missing() == {"telemetry": sorted([first.batch_id, second.batch_id])}
