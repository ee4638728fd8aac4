"""Whatever feeds an adopter has, they build and are published: each alone, and each with the feed of towers."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from conftest import SMALL, Built, build_everything
from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.feeds.simulator import EVENT_FEEDS, simulate_day, simulate_snapshot
from sentinel_orchestration.feeds.sources import world_of
from sentinel_orchestration.lake.checks import NO_ROWS, SKIPPED
from sentinel_orchestration.settings import Settings, window_days

FEEDS = list(load_contracts())
SUBSETS = [(feed,) for feed in FEEDS] + [("towers", feed) for feed in FEEDS if feed != "towers"]


def rows_of(settings: Settings, feed: str) -> pl.DataFrame:
    world, as_of = world_of(settings), SMALL["as_of"]
    if feed not in EVENT_FEEDS:
        return simulate_snapshot(feed, world, as_of)
    days = [date.fromisoformat(day) for day in window_days(as_of, settings.days)]
    return pl.concat([simulate_day(feed, world, day, as_of) for day in days])


@pytest.fixture
def build(slim_project: Path, tmp_path: Path) -> Callable[..., Built]:
    """Builds from files of some feeds and nothing else, with as_of left to the rows."""

    def make(*feeds: str) -> Built:
        settings = Settings(home=tmp_path, **{name: value for name, value in SMALL.items() if name != "as_of"})
        for feed in feeds:
            folder = settings.layout.inbox / feed
            folder.mkdir(parents=True)
            rows_of(settings, feed).write_parquet(folder / "export.parquet")
        return build_everything(settings, slim_project)

    return make


def fleet_health_is_by_tower_at_an_unknown_site(built: Built) -> None:
    telemetry = rows_of(built.settings, "telemetry")
    towers = built.query("select tower_id, site_id, site_name, status, is_inferred from marts.dim_tower order by 1")
    assert [row[0] for row in towers] == sorted(telemetry["tower_id"].unique())
    assert {row[1:] for row in towers} == {("unknown", "Unknown site", "unknown", True)}
    health = built.query("select count(*), sum(readings_count), any_value(site_id) from marts.fct_fleet_health_daily")
    assert health == [
        (telemetry.group_by("tower_id", pl.col("ts").dt.date()).len().height, telemetry.height, "unknown")
    ]
    assert built.query("select site_id, total_tower_count from marts.dim_site") == [("unknown", len(towers))]
    freshness = dict(built.query("select feed, status from ops.freshness"))
    assert freshness["detections"] == "no data"


def checks_that_need_rows_are_skipped_not_passed(built: Built) -> None:
    details = built.query(
        "select detail from ops.check_results where status = 'skipped' and asset = 'silver/telemetry'"
    )
    assert (f"Skipped: {NO_ROWS}.",) in details
    found = built.query("select as_of_basis from ops.release")
    assert found == [("newest_row",)]
    manifest = json.loads((built.settings.layout.current / "manifest.json").read_text())
    assert manifest["as_of_basis"] == "newest_row"
    assert SKIPPED not in manifest["verdict"]


ALSO = {
    ("telemetry",): [fleet_health_is_by_tower_at_an_unknown_site],
    ("inventory",): [checks_that_need_rows_are_skipped_not_passed],
}


@pytest.mark.parametrize("feeds", SUBSETS, ids="+".join)
def test_any_subset_builds_and_is_published(build: Callable[..., Built], feeds: tuple[str, ...]) -> None:
    built = build(*feeds)
    built.instance.dispose()
    assert built.outcome.succeeded, built.outcome.error
    sources = dict(built.query("select feed, source from ops.feed_summary"))
    assert sources == {feed: "inbox" if feed in feeds else "absent" for feed in FEEDS}
    summary = built.query("select feed, rows_received, rows_good from ops.feed_summary where rows_received > 0")
    assert {feed for feed, _, _ in summary} == set(feeds)
    assert all(received == good for _, received, good in summary)
    unjudged = built.query(
        "select asset from ops.check_results where check_name = 'references_judged' and status = 'warned'"
    )
    wrong = {
        f"silver/{feed}" for feed in feeds if {ref.feed for _, ref in load_contracts()[feed].references} - set(feeds)
    }
    assert {asset for (asset,) in unjudged} == wrong
    (skipped,) = built.query("select checks_skipped from ops.release")[0]
    assert skipped > 0
    for also in ALSO.get(feeds, ()):
        also(built)
