"""A fleet that does not exist: rows of the nine fleet feeds, a pure function of seed, feed, day and scale.

Belongs here: how the generators are called. Does not belong here: what they plant (truth), or anything that
stores rows.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, datetime

import polars as pl

from sentinel_orchestration.feeds.simulator.clock import require_naive
from sentinel_orchestration.feeds.simulator.components import components
from sentinel_orchestration.feeds.simulator.deployments import deployments
from sentinel_orchestration.feeds.simulator.detections import alert_pipeline, detections
from sentinel_orchestration.feeds.simulator.fleet import World, sites, towers
from sentinel_orchestration.feeds.simulator.incidents import incidents
from sentinel_orchestration.feeds.simulator.inventory import inventory
from sentinel_orchestration.feeds.simulator.telemetry import telemetry

__all__ = [
    "EVENT_FEEDS",
    "SIMULATOR_VERSION",
    "SNAPSHOT_FEEDS",
    "World",
    "simulate_day",
    "simulate_days",
    "simulate_snapshot",
]

SIMULATOR_VERSION = "1"  # another version: other rows from the same world

EVENT_FEEDS: dict[str, Callable[[World, date, datetime], pl.DataFrame]] = {
    "telemetry": telemetry,
    "detections": detections,
    "alert_pipeline": alert_pipeline,
}
SNAPSHOT_FEEDS: dict[str, Callable[[World, datetime], pl.DataFrame]] = {
    "sites": sites,
    "towers": towers,
    "deployments": deployments,
    "incidents": incidents,
    "components": components,
    "inventory": inventory,
}


def simulate_day(feed: str, world: World, day: date, until: datetime) -> pl.DataFrame:
    """Rows of an event feed whose event time lies on the UTC day `day` and before `until` (naive UTC).

    Columns and types are those of the feed's contract. Rows are in the order of time; an earlier `until`
    gives the first of the rows that a later one gives. Values differ in one place only: on the newest day of
    a build, alerts that are not yet acknowledged or resolved at `until` have nulls there. A day may have no
    rows (a single tower, or a day before the fleet was built).

    Raises ValueError for a feed that is not an event feed, or an `until` with a zone.
    """
    if feed not in EVENT_FEEDS:
        raise ValueError(f"{feed!r} has no days to simulate; event feeds are {', '.join(EVENT_FEEDS)}")
    require_naive(until)
    return EVENT_FEEDS[feed](world, day, until)


def simulate_days(feed: str, world: World, days: Iterable[date], until: datetime) -> Iterator[pl.DataFrame]:
    """`simulate_day` of each of `days`, in their order, made on all cores; a few days are held in memory at once."""
    waiting: deque[Future[pl.DataFrame]] = deque()
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # NumPy and Polars let go of Python's lock
        for day in days:
            waiting.append(pool.submit(simulate_day, feed, world, day, until))
            if len(waiting) > (os.cpu_count() or 1):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def simulate_snapshot(feed: str, world: World, as_of: datetime) -> pl.DataFrame:
    """Rows of a snapshot feed as known at `as_of` (naive UTC): what comes later is missing, open or null.

    Columns and types are those of the feed's contract; rows are in the order of the key or of time. Incidents
    and deployments reach back a fixed number of days, components to each tower's last refit (see truth).
    Empty before the fleet was built (`truth.FLEET_BEGIN`).

    Raises ValueError for a feed that is not a snapshot feed, or an `as_of` with a zone.
    """
    if feed not in SNAPSHOT_FEEDS:
        raise ValueError(f"{feed!r} has no snapshots to simulate; those are {', '.join(SNAPSHOT_FEEDS)}")
    require_naive(as_of)
    return SNAPSHOT_FEEDS[feed](world, as_of)
