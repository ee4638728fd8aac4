"""A small fleet of three days for tests of single parts; whole builds are in the conftest.py of the root."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from sentinel_orchestration.feeds.simulator import EVENT_FEEDS, SNAPSHOT_FEEDS, World, simulate_day, simulate_snapshot
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.settings import Settings, window_days
from tests.postgres import Postgres, running_postgres

AS_OF = datetime(2025, 3, 4, 12)
SITES, TOWERS, DAYS = 3, 6, 3


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Three sites, six towers, three days, all under the test's own folder; what no file provides is simulated."""
    (tmp_path / "sources.yaml").write_text("default: simulator\n", encoding="utf-8")
    return Settings(home=tmp_path, as_of=AS_OF, sites=SITES, towers=TOWERS, days=DAYS)


@pytest.fixture
def lake(settings: Settings) -> Lake:
    """The lake of `settings` at its as_of."""
    return Lake(settings, AS_OF)


@pytest.fixture(scope="session")
def fleet_rows() -> dict[str, pl.DataFrame]:
    """The rows of every feed of that fleet."""
    world = World(seed=42, sites=SITES, towers=TOWERS)
    window = [date.fromisoformat(day) for day in window_days(AS_OF, DAYS)]
    events = {feed: pl.concat([simulate_day(feed, world, day, AS_OF) for day in window]) for feed in EVENT_FEEDS}
    return events | {feed: simulate_snapshot(feed, world, AS_OF) for feed in SNAPSHOT_FEEDS}


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL server without tables."""
    with running_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server
