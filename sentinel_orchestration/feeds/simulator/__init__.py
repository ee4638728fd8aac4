"""A fleet that does not exist: rows of its feeds, a pure function of seed, feed, day and scale.

Belongs here: how generators are found and called, and the tools they share (streams, clock, world). Does not belong here:
the generators and what they plant, which are in one sub-package per domain, or anything that stores rows.

Each sub-package is a domain and offers EVENT_FEEDS and SNAPSHOT_FEEDS: a generator by feed. A new domain is a new folder.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, datetime
from importlib import import_module
from pkgutil import iter_modules

import polars as pl

from sentinel_orchestration.feeds.simulator.clock import require_naive
from sentinel_orchestration.feeds.simulator.world import EventGenerator, SnapshotGenerator, World

__all__ = [
    "EVENT_FEEDS",
    "SIMULATOR_VERSION",
    "SNAPSHOT_FEEDS",
    "World",
    "simulate_day",
    "simulate_days",
    "simulate_snapshot",
]

SIMULATOR_VERSION = "2"  # another version: other rows from the same world

_DOMAINS = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__) if module.ispkg]
EVENT_FEEDS: dict[str, EventGenerator] = {
    feed: generator for domain in _DOMAINS for feed, generator in domain.EVENT_FEEDS.items()
}
SNAPSHOT_FEEDS: dict[str, SnapshotGenerator] = {
    feed: generator for domain in _DOMAINS for feed, generator in domain.SNAPSHOT_FEEDS.items()
}


def simulate_day(feed: str, world: World, day: date, until: datetime) -> pl.DataFrame:
    """Rows of an event feed with an event time on the UTC day `day` and before `until` (naive UTC).

    Columns and types are those of the feed's contract. Rows are in order of time; an earlier `until` gives the first of
    the rows that a later one gives. Values differ in one place only: on the newest day of a build, what has not happened
    by `until` (an acknowledgement, a resolution) is null. A day may have no rows (a single tower, or a day before the
    fleet was built).

    Raises ValueError for a feed that has no event generator, or an `until` with a time zone.
    """
    if feed not in EVENT_FEEDS:
        raise ValueError(f"{feed!r} has no days to simulate; the simulated event feeds are {', '.join(EVENT_FEEDS)}")
    require_naive(until)
    return EVENT_FEEDS[feed](world, day, until)


def simulate_days(feed: str, world: World, days: Iterable[date], until: datetime) -> Iterator[pl.DataFrame]:
    """`simulate_day` for each of `days`, in their order, made on all cores; a few days are in memory at once."""
    waiting: deque[Future[pl.DataFrame]] = deque()
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # NumPy and Polars release Python's lock
        for day in days:
            waiting.append(pool.submit(simulate_day, feed, world, day, until))
            if len(waiting) > (os.cpu_count() or 1):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def simulate_snapshot(feed: str, world: World, as_of: datetime) -> pl.DataFrame:
    """Rows of a snapshot feed as known at `as_of` (naive UTC): what happens later is missing, open or null.

    Columns and types are those of the feed's contract; rows are in order of the key or of time. Incidents and
    deployments go back a fixed number of days, components to each tower's last refit (see fleet/truth.py). Empty before
    the fleet was built.

    Raises ValueError for a feed that has no snapshot generator, or an `as_of` with a time zone.
    """
    if feed not in SNAPSHOT_FEEDS:
        raise ValueError(
            f"{feed!r} has no snapshots to simulate; the simulated snapshot feeds are {', '.join(SNAPSHOT_FEEDS)}"
        )
    require_naive(as_of)
    return SNAPSHOT_FEEDS[feed](world, as_of)
