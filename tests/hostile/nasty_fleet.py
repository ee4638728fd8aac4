"""A small fleet whose every free text is nasty, submitted as files, for a build that must publish it unchanged.

What must come of them is in test_nasty_build.py and in tests/e2e.
"""

from datetime import date

import polars as pl

from sentinel_orchestration.feeds.simulator import EVENT_FEEDS, SNAPSHOT_FEEDS, simulate_day, simulate_snapshot
from sentinel_orchestration.feeds.sources import world_of
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.settings import Settings, window_days
from tests.hostile.values import MEGABYTE, NASTY

SIZES = {"sites": len(NASTY), "towers": 2 * len(NASTY), "days": 3}
FREE_TEXT = {  # feed → columns that hold what people typed
    "sites": ("site_name", "region"),
    "towers": ("model", "firmware_version"),
    "deployments": ("mission_name",),
    "incidents": ("root_cause",),
    "inventory": ("description", "category"),
}
MARKED = '<img src=x onerror="__hacked=1">'  # ids are 64 characters at most
ENDLESS = NASTY[1] + "\x1b" + MEGABYTE  # one detection that is quarantined
IDS = ("tower_id", "incident_id", "deployment_id", "component_id", "part_number")


def submit_nasty_fleet(settings: Settings) -> None:
    """Writes every feed into the inbox."""
    for feed, frame in _simulated(Lake(settings, settings.as_of)).items():
        folder = settings.layout.inbox / feed
        folder.mkdir(parents=True)
        _nasty(feed, frame).write_parquet(folder / f"{feed}.parquet")


def _simulated(lake: Lake) -> dict[str, pl.DataFrame]:
    days = [date.fromisoformat(day) for day in window_days(lake.as_of, lake.settings.days)]
    world, as_of = world_of(lake.settings), lake.as_of
    events = {feed: pl.concat([simulate_day(feed, world, day, as_of) for day in days]) for feed in EVENT_FEEDS}
    return events | {feed: simulate_snapshot(feed, world, as_of) for feed in SNAPSHOT_FEEDS}


def _nasty(feed: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with each nasty text in turn in its free text, and markup after each id."""
    text = (pl.int_range(pl.len()) % len(NASTY)).replace_strict(dict(enumerate(NASTY)), return_dtype=pl.String)
    texts = dict.fromkeys(FREE_TEXT.get(feed, ()), text)
    if feed == "detections":
        frame = pl.concat([frame, frame.head(1).with_columns(detection_id=pl.lit(ENDLESS))])
    ids = {column: pl.col(column) + MARKED for column in IDS if column in frame.columns}
    return frame.with_columns(**texts, **ids)
