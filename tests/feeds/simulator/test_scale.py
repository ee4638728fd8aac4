"""From one tower to many: everything still works, and rows grow with towers × days."""

import time
from collections.abc import Callable
from datetime import date, datetime

import polars as pl
import pytest

from sentinel_orchestration.feeds.simulator import World, simulate_day
from tests.feeds.simulator.feeds import TOWER_EVENTS, TOWER_FEEDS


def test_one_tower_at_one_site(simulate: Callable[..., dict[str, pl.DataFrame]]) -> None:
    feeds = simulate(World(42, 1, 1), datetime(2026, 3, 15), 60)
    assert all(feeds[feed].height > 0 for feed in TOWER_FEEDS)
    assert feeds["towers"].height == feeds["sites"].height == 1
    assert feeds["inventory"].height == 5


def test_more_sites_than_towers(simulate: Callable[..., dict[str, pl.DataFrame]]) -> None:
    feeds = simulate(World(42, 250, 3), datetime(2026, 3, 15), 5)
    assert feeds["sites"].height == feeds["sites"]["site_name"].n_unique() == 250
    assert feeds["telemetry"]["tower_id"].n_unique() == 3


@pytest.mark.parametrize("feed", TOWER_EVENTS)
def test_rows_grow_with_towers(feed: str) -> None:
    day, until = date(2026, 3, 10), datetime(2026, 3, 15)
    few, many = (simulate_day(feed, World(42, 10, towers), day, until).height for towers in (300, 3000))
    assert many / few == pytest.approx(10, rel=0.25)


def test_a_day_of_many_towers_is_made_in_bulk() -> None:
    """A loop over rows would make tens of thousands per second; this makes millions on an idle machine."""
    world, day, until = World(42, 10, 20_000), date(2026, 3, 10), datetime(2026, 3, 15)
    simulate_day("telemetry", world, day, until)
    start = time.process_time()
    rows = simulate_day("telemetry", world, day, until).height
    assert rows / (time.process_time() - start) > 300_000


def test_before_the_fleet_was_built_there_is_nothing(simulate: Callable[..., dict[str, pl.DataFrame]]) -> None:
    feeds = simulate(World(42, 10, 60), datetime(2010, 1, 1), 2)
    assert all(feeds[feed].is_empty() for feed in TOWER_FEEDS)


@pytest.mark.parametrize("moment", ["2026-11-21T00", "2024-05-06T11", "2031-08-01T23"])
def test_default_has_about_83_000_rows(simulate: Callable[..., dict[str, pl.DataFrame]], moment: str) -> None:
    feeds = simulate(World(42, 10, 60), datetime.fromisoformat(moment), 60)
    rows = {feed: feeds[feed].height for feed in TOWER_FEEDS}
    assert 81_000 <= sum(rows.values()) <= 85_000
    assert rows["sites"] == 10
    assert rows["towers"] == 60
    assert 75_500 <= rows["telemetry"] <= 78_500
    assert 3_000 <= rows["detections"] <= 3_600
    assert 1_200 <= rows["alert_pipeline"] <= 1_700
    assert 140 <= rows["incidents"] <= 260
    assert 120 <= rows["deployments"] <= 180
    assert 400 <= rows["components"] <= 800
    assert 35 <= rows["inventory"] <= 40
