"""What many tests stand on: one real build of the default fleet, made once a session.

Here belong the builds that are too slow to make twice; small fixtures stand in tests/conftest.py.
"""

import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import dagster as dg
import duckdb
import hypothesis
import pytest

from sentinel_orchestration.automation.build import BuildOutcome, receive_all, run_build
from sentinel_orchestration.automation.instance import open_instance
from sentinel_orchestration.definitions import build_definitions
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.settings import Settings, newest_full_hour

# No deadline: a slow machine is no defect. The same examples each time: a red build is a change, not a draw.
hypothesis.settings.register_profile("sentinel", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("sentinel")

# A shell's background job ignores Ctrl-C, and Dagster, after a run, lets SIGTERM be what SIGINT was: children would ignore both.
signal.signal(signal.SIGINT, signal.default_int_handler)

AS_OF = datetime(2026, 11, 21)
SMALL = {"as_of": AS_OF, "sites": 2, "towers": 5, "days": 3}


@dataclass(frozen=True)
class Built:
    """A finished build, with the Dagster instance that recorded it."""

    settings: Settings
    lake: Lake
    definitions: dg.Definitions
    instance: dg.DagsterInstance
    outcome: BuildOutcome

    def query(self, sql: str) -> list[tuple]:
        """Rows of the published file."""
        with duckdb.connect(str(self.settings.current_dir / "sentinel.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()


def build_everything(settings: Settings) -> Built:
    """A build without the report, through the parts `sentinel build` uses."""
    lake = Lake(settings, settings.as_of or newest_full_hour())
    receive_all(lake)
    definitions, instance = build_definitions(settings), open_instance(settings)
    outcome = run_build(settings, lake, definitions, instance, False, lambda entry: None, lambda text: None)
    return Built(settings, lake, definitions, instance, outcome)


@pytest.fixture(scope="session")
def default_build(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """The default fleet (seed 42, 60 towers, 60 days), built and published as of AS_OF. Read it; do not change it.

    Its report, where a test asks for it, is one for the sub-path /fleet: the harder case.
    """
    home = tmp_path_factory.mktemp("default")
    built = build_everything(Settings(home=home, as_of=AS_OF, site_base_path="/fleet"))
    assert built.outcome.succeeded, built.outcome.error
    yield built
    built.instance.dispose()


@pytest.fixture(scope="session")
def nasty_build(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """A small fleet whose every free text is nasty (tests/hostile/nasty_fleet.py), handed in as files and published."""
    from tests.hostile.nasty_fleet import SIZES, hand_in_nasty_fleet

    settings = Settings(home=tmp_path_factory.mktemp("nasty"), as_of=AS_OF, **SIZES)
    hand_in_nasty_fleet(settings)
    built = build_everything(settings)
    assert built.outcome.succeeded, built.outcome.error
    yield built
    built.instance.dispose()


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A small fleet, built and published once; tests get copies of its home."""
    built = build_everything(Settings(home=tmp_path_factory.mktemp("small"), **SMALL))
    built.instance.dispose()
    assert built.outcome.succeeded, built.outcome.error
    return built


@pytest.fixture
def small_build(small_home: Built, tmp_path: Path) -> Iterator[Callable[[], Built]]:
    """Builds the small fleet under a home of the test's own, as often as asked; the first build is a copy of one."""
    settings, made = Settings(home=tmp_path, **SMALL), list[Built]()

    def build() -> Built:
        if made:
            made.append(build_everything(settings))
        else:
            shutil.copytree(small_home.settings.home, tmp_path, symlinks=True, dirs_exist_ok=True)
            lake = Lake(settings, AS_OF)
            copied = (settings, lake, build_definitions(settings), open_instance(settings), small_home.outcome)
            made.append(Built(*copied))
        return made[-1]

    yield build
    for built in made:
        built.instance.dispose()
