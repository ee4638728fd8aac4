"""Worlds that several tests look at, simulated once."""

from collections.abc import Callable
from datetime import date, datetime

import polars as pl
import pytest

from sentinel_orchestration.feeds.simulator import (
    EVENT_FEEDS,
    SNAPSHOT_FEEDS,
    World,
    simulate_day,
    simulate_snapshot,
)
from sentinel_orchestration.settings import window_days

Feeds = dict[str, pl.DataFrame]


@pytest.fixture(scope="session")
def simulate() -> Callable[[World, datetime, int], Feeds]:
    """Every simulated feed of a world, over a window of a number of days that ends at a moment."""

    def every_feed(world: World, as_of: datetime, days: int) -> Feeds:
        window = [date.fromisoformat(day) for day in window_days(as_of, days)]
        events = {feed: pl.concat([simulate_day(feed, world, day, as_of) for day in window]) for feed in EVENT_FEEDS}
        return events | {feed: simulate_snapshot(feed, world, as_of) for feed in SNAPSHOT_FEEDS}

    return every_feed


@pytest.fixture(scope="session")
def as_of() -> datetime:
    return datetime(2026, 3, 15)


@pytest.fixture(scope="session")
def fleet(simulate: Callable[..., Feeds], as_of: datetime) -> Feeds:
    """The default: seed 42, 10 sites, 60 towers, 60 days."""
    return simulate(World(42, 10, 60), as_of, 60)


@pytest.fixture(scope="session")
def large_fleet(simulate: Callable[..., Feeds], as_of: datetime) -> Feeds:
    """1,000 towers for a fortnight: enough rows for what is rare to show its rate."""
    return simulate(World(42, 10, 1000), as_of, 14)
