"""From one tower to many: everything still works, and rows grow with towers × days."""

import time
from collections.abc import Callable
from datetime import date, datetime

import polars as pl
import pytest

from sentinel_orchestration.feeds.simulator import EVENT_FEEDS, World, simulate_day


def test_one_tower_at_one_site(simulate: Callable[..., dict[str, pl.DataFrame]]) -> None:
    feeds = simulate(World(42, 1, 1), datetime(2026, 3, 15), 60)
    assert all(frame.height > 0 for frame in feeds.values())
    assert feeds["towers"].height == feeds["sites"].height == 1
    assert feeds["inventory"].height == 5


def test_more_sites_than_towers(simulate: Callable[..., dict[str, pl.DataFrame]]) -> None:
    feeds = simulate(World(42, 250, 3), datetime(2026, 3, 15), 5)
    assert feeds["sites"].height == feeds["sites"]["site_name"].n_unique() == 250
    assert feeds["telemetry"]["tower_id"].n_unique() == 3


@pytest.mark.parametrize("feed", EVENT_FEEDS)
def test_rows_grow_with_towers(feed: str) -> None:
    day, until = date(2026, 3, 10), datetime(2026, 3, 15)
    few, many = (simulate_day(feed, World(42, 10, towers), day, until).height for towers in (300, 3000))
    assert many / few == pytest.approx(10, rel=0.25)


def test_a_day_of_many_towers_is_made_in_bulk() -> None:
    """A loop over rows would manage tens of thousands a second; this makes millions on an idle machine."""
    world, day, until = World(42, 10, 20_000), date(2026, 3, 10), datetime(2026, 3, 15)
    simulate_day("telemetry", world, day, until)
    start = time.process_time()
    rows = simulate_day("telemetry", world, day, until).height
    assert rows / (time.process_time() - start) > 300_000
