"""What many tests are built on: real builds that are too slow to make twice, each made once per session.

Small fixtures are in tests/conftest.py.
"""

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

from sentinel_orchestration.automation.build import BuildOutcome, run_build
from sentinel_orchestration.automation.instance import open_instance
from sentinel_orchestration.definitions import build_definitions
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lock import locked
from sentinel_orchestration.resources import ExpectationsResource
from sentinel_orchestration.settings import Settings, newest_full_hour
from tests.slim_project import make_slim_project, slim_dbt

# The .env of whoever runs the tests is theirs: neither this process nor one that it starts reads it.
os.environ["PYTHON_DOTENV_DISABLED"] = "1"
os.environ.pop("SENTRY_DSN", None)  # nor does it report failures that are wanted

# No deadline: a slow machine is no defect. The same examples each time: a red build is a change, not a draw.
hypothesis.settings.register_profile("sentinel", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("sentinel")

# A shell's background job ignores Ctrl-C, and Dagster, after a run, lets SIGTERM be what SIGINT was: children would ignore both.
signal.signal(signal.SIGINT, signal.default_int_handler)

AS_OF = datetime(2026, 11, 21)
SMALL = {"as_of": AS_OF, "sites": 2, "towers": 5, "days": 3}
SITE_BASE_PATH = "/fleet"  # of every report that is built: the harder case, and one app for all

# By what they need, which is too slow to make in each test process.
ON_ONE_BUILD = {
    "default build": {"pipeline/test_published", "pipeline/test_truth", "test_progress"}
    | {"e2e/test_site", "e2e/test_filters", "e2e/test_reading", "e2e/test_accessibility"},
    "nasty build": {"hostile/test_nasty_build", "e2e/test_nasty_text"},
    "undisturbed builds": {"crash/test_hostile_places", "crash/test_killed", "crash/test_two_at_once"},
}
# Modules whose tests share nothing that takes long to make: each test by itself, so that no process is left with all of them.
SPLIT = {"pipeline/test_subsets", "pipeline/test_refusal", "pipeline/test_days", "pipeline/test_maps"}
# What takes minutes goes first, so that in the end no process is alone with it.
FIRST = [
    "default build",
    "automation/test_ui",
    "deploy/test_services",
    "undisturbed builds",
    "benchmarks/test_harness",
    "pipeline/test_sameness",
    "warehouse/test_plain_dbt",
    "e2e/test_rebuild",
    "cli/test_own_fleet",
    "nasty build",
    "e2e/test_feeds",
    "test_new_feed",
    "pipeline/test_maps",
    "pipeline/test_refusal",
    "pipeline/test_subsets",
]


def _group(nodeid: str) -> str:
    """The module of a test, or the build that it stands on with others."""
    module = nodeid.partition("::")[0].removeprefix("tests/").removesuffix(".py")
    return next((build for build, modules in ON_ONE_BUILD.items() if module in modules), module)


def _unit(nodeid: str) -> str:
    """What is handed out together: a test, a module, or all modules on the same build."""
    group = _group(nodeid)
    return nodeid if group in SPLIT else group


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of pytest: the order of the tests."""
    rank = {unit: number for number, unit in enumerate(FIRST)}
    items.sort(key=lambda item: rank.get(_group(item.nodeid), len(FIRST)))


class ByModule(LoadScopeScheduling):
    """Hands out units whole. xdist_group cannot: pytest 9.2 ignores it."""

    def _split_scope(self, nodeid: str) -> str:
        return _unit(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are cores: many a test waits for a server, a daemon or a reader."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByModule:
    """Of xdist: who decides which test process runs what."""
    return ByModule(config, log)


@dataclass(frozen=True)
class Built:
    """A finished build, with the Dagster instance that recorded it."""

    settings: Settings
    lake: Lake
    definitions: dg.Definitions
    instance: dg.DagsterInstance
    outcome: BuildOutcome

    def query(self, sql: str) -> list[tuple]:
        """Rows of the current release."""
        with duckdb.connect(str(self.settings.layout.current / "sentinel.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()


class SharedExpectations(ExpectationsResource):
    """Great Expectations in one process for all runs of a test process: its import takes as long as a small build."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[ExpectationsResource]:
        """The worker of this test process, left running."""
        WORKER.start()
        yield WORKER


WORKER = ExpectationsResource()


def simulate_the_rest(home: Path) -> Path:
    """Says in a home that the feeds nobody submits files of are simulated, as in the demonstration."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "sources.yaml").write_text("default: simulator\n", encoding="utf-8")
    return home


def definitions_of(settings: Settings, project: Path | None = None) -> dg.Definitions:
    """The graph on these settings, with the shared worker; on a copy of the dbt project, if there is one."""
    dbt = {"dbt": slim_dbt(settings, project)} if project else {}
    return build_definitions(settings, resources={"expectations": SharedExpectations(), **dbt})


def build_everything(settings: Settings, project: Path | None = None) -> Built:
    """A build without the report, through the parts `sentinel build` uses."""
    lake = Lake(settings, settings.as_of or newest_full_hour())
    definitions, instance = definitions_of(settings, project), open_instance(settings)
    outcome = run_build(settings, lake, definitions, instance, False, lambda entry: None, lambda text: None)
    return Built(settings, lake, definitions, instance, outcome)


@pytest.fixture(scope="session", autouse=True)
def _worker_ends() -> Iterator[None]:
    yield
    WORKER.stop()


@pytest.fixture(scope="session")
def default_build(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """The default fleet (seed 42, 60 towers, 60 days), built and published as of AS_OF. Read it; do not change it.

    Its report, where a test asks for it, is tests/e2e's `site_dir`.
    """
    home = tmp_path_factory.mktemp("default")
    built = build_everything(Settings(home=home, as_of=AS_OF, site_base_path=SITE_BASE_PATH))
    assert built.outcome.succeeded, built.outcome.error
    yield built
    built.instance.dispose()


@pytest.fixture(scope="session")
def nasty_build(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """A small fleet whose every free text is nasty (tests/hostile/nasty_fleet.py), submitted as files and published."""
    from tests.hostile.nasty_fleet import SIZES, submit_nasty_fleet

    home = tmp_path_factory.mktemp("nasty")
    settings = Settings(home=home, as_of=AS_OF, site_base_path=SITE_BASE_PATH, **SIZES)
    submit_nasty_fleet(settings)
    built = build_everything(settings)
    assert built.outcome.succeeded, built.outcome.error
    yield built
    built.instance.dispose()


@pytest.fixture(scope="session")
def shared_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all test processes of the session share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def make_once(shared_root: Path) -> Callable[[str, Callable[[Path], object]], Path]:
    """Fills a folder of that name by `make`, in whichever test process asks first, for all of them: read it only."""

    def made(name: str, make: Callable[[Path], object]) -> Path:
        folder, done = shared_root / name, shared_root / f"{name}.done"
        with locked(shared_root / f"{name}.lock"):
            if not done.exists():
                assert not folder.exists(), f"{name} could not be made: see the test that asked for it first"
                folder.mkdir()
                make(folder)
                done.touch()
        return folder

    return made


@pytest.fixture(scope="session")
def slim_project(make_once: Callable[..., Path]) -> Path:
    """The dbt project with few of its tests, parsed."""

    def make(folder: Path) -> None:
        project = make_slim_project(folder / "dbt")
        slim_dbt(Settings(home=folder / "home"), project).manifest()

    return make_once("slim", make) / "dbt"


@pytest.fixture(scope="session")
def small_home(slim_project: Path, make_once: Callable[..., Path]) -> Built:
    """A small fleet, built with the slim project and published once; tests get copies of its home."""

    def make(folder: Path) -> None:
        built = build_everything(Settings(home=simulate_the_rest(folder / "home"), **SMALL), slim_project)
        built.instance.dispose()
        assert built.outcome.succeeded, built.outcome.error
        (folder / "outcome.json").write_text(json.dumps(asdict(built.outcome)))

    folder = make_once("small", make)
    settings = Settings(home=folder / "home", **SMALL)
    instance = open_instance(settings)
    instance.dispose()
    outcome = BuildOutcome(**json.loads((folder / "outcome.json").read_text()))
    return Built(settings, Lake(settings, AS_OF), definitions_of(settings, slim_project), instance, outcome)


@pytest.fixture
def small_build(small_home: Built, slim_project: Path, tmp_path: Path) -> Iterator[Callable[[], Built]]:
    """Builds the small fleet under a home of the test's own, as often as asked; the first build is a copy of one."""
    settings, made = Settings(home=tmp_path, **SMALL), list[Built]()

    def build() -> Built:
        if made:
            made.append(build_everything(settings, slim_project))
        else:
            shutil.copytree(small_home.settings.home, tmp_path, symlinks=True, dirs_exist_ok=True)
            definitions, instance = definitions_of(settings, slim_project), open_instance(settings)
            here = {"lake": Lake(settings, AS_OF), "definitions": definitions, "instance": instance}
            made.append(replace(small_home, settings=settings, **here))
        return made[-1]

    yield build
    for built in made:
        built.instance.dispose()
