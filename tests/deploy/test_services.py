"""The services of docker-compose.yml, as processes on a real PostgreSQL: they answer, and outlive being killed."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import polars as pl
import pytest

from conftest import AS_OF, SMALL, simulate_the_rest
from sentinel_orchestration.automation.instance import open_instance
from sentinel_orchestration.feeds.simulator import World, simulate_snapshot
from sentinel_orchestration.internals import pool_holders
from sentinel_orchestration.lock import is_abandoned
from sentinel_orchestration.resources.run_log import KILLED
from sentinel_orchestration.settings import Settings
from sentinel_orchestration.warehouse.translation import WAREHOUSE_POOL
from tests.automation.ui import Ui
from tests.deploy.deployment import Deployment, deployment
from tests.postgres import Postgres

SERVERS = ("code", "webserver", "daemon", "site")


@pytest.fixture(scope="module")
def deployed(postgres: Postgres, slim_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """All of them, on an empty home and an empty database."""
    home = simulate_the_rest(tmp_path_factory.mktemp("deployed"))
    postgres.run("createdb", "dagster")  # as the image does, by POSTGRES_DB
    with deployment(Settings(home=home, **SMALL), postgres, slim_project, tmp_path_factory.mktemp("app")) as made:
        assert made.is_healthy("postgres")
        made.run("migrate")
        for name in SERVERS:
            made.start(name)
            if name == "code":
                made.wait_until_healthy(name)
        yield made


@pytest.fixture(scope="module")
def ui(deployed: Deployment) -> Ui:
    """The webserver of it."""
    deployed.wait_until_healthy("webserver")
    return Ui(deployed.settings, int(deployed.places["3000"]), location="sentinel")


@pytest.fixture
def instance(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """The Dagster instance of it, as its services see it."""
    for name, value in deployed.environment("daemon").items():
        if name.startswith("DAGSTER_POSTGRES"):
            monkeypatch.setenv(name, value)
    with open_instance(deployed.settings) as found:
        yield found


@contextmanager
def held_warehouse(settings: Settings) -> Iterator[None]:
    """Meanwhile, a run that needs the warehouse goes no further: its step tries again until somebody else has closed the file."""
    settings.layout.warehouse.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(settings.layout.warehouse)):
        yield


def submit(settings: Settings, feed: str, **changed: str) -> None:
    """Puts the simulated rows of a snapshot into the inbox, with another value in a column."""
    rows = simulate_snapshot(feed, World(seed=settings.seed, sites=settings.sites, towers=settings.towers), AS_OF)
    folder = settings.layout.inbox / feed
    folder.mkdir(parents=True)
    rows.with_columns(**{column: pl.lit(value) for column, value in changed.items()}).write_parquet(folder / ".new")
    (folder / ".new").rename(folder / f"{feed}.parquet")


def eventually(look: Callable[[], Any], seconds: float = 120) -> Any:
    """What it gives as soon as that is true."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return found


def run_at_work(instance: dg.DagsterInstance) -> dg.DagsterRun:
    """The run that is in the middle of a step on the warehouse."""
    (run_id,) = eventually(lambda: pool_holders(instance).get(WAREHOUSE_POOL))
    return instance.get_run_by_id(run_id)


def test_every_health_check_answers(deployed: Deployment):
    deployed.wait_until_healthy(*SERVERS)
    site = HTTPConnection("127.0.0.1", int(deployed.places["3001"]), timeout=5)
    site.request("GET", "/")
    assert site.getresponse().status == 404  # there is no report yet


def test_a_health_check_fails_where_nothing_answers(deployed: Deployment):
    deployed.kill("site")
    assert not deployed.is_healthy("site")
    deployed.start("site")
    deployed.wait_until_healthy("site")


def test_nothing_is_lost_or_doubled_by_a_kill(deployed: Deployment, ui: Ui, instance: dg.DagsterInstance):
    settings = deployed.settings
    submit(settings, "sites", site_name="Cape Disappointment")
    with held_warehouse(settings):
        ui.start_sensor("inbox")
        first = run_at_work(instance)
        deployed.kill("daemon")
        assert settings.layout.run_lock(first.run_id).exists()
        assert not is_abandoned(settings.layout.run_lock(first.run_id))
    assert ui.wait(first.run_id) == "SUCCESS", "a run is a process of the code server: it needs no daemon"

    submit(settings, "towers", model="Mark IX")
    with held_warehouse(settings):
        deployed.start("daemon")
        second = run_at_work(instance)
        deployed.kill("daemon")
        deployed.kill("code")
    eventually(lambda: is_abandoned(settings.layout.run_lock(second.run_id)))
    deployed.start("code")
    deployed.wait_until_healthy("code")
    deployed.start("daemon")
    assert ui.wait(second.run_id) == "FAILURE"
    assert KILLED in ui.errors(second.run_id)
    (again,) = eventually(lambda: instance.get_runs(dg.RunsFilter(tags={"dagster/parent_run_id": second.run_id})))
    assert ui.wait(again.run_id) == "SUCCESS"

    assert {run.run_id for run in instance.get_runs()} == {first.run_id, second.run_id, again.run_id}
    (inbox,) = (state for state in instance.all_instigator_state() if state.instigator_name == "inbox")
    ticks = instance.get_ticks(inbox.instigator_origin_id, inbox.selector_id)
    assert [tick.run_ids for tick in ticks if tick.run_ids] == [[second.run_id], [first.run_id]], "one tick is one run"
    with duckdb.connect(str(settings.layout.current / "sentinel.duckdb"), read_only=True) as release:
        assert release.sql("select distinct site_name from marts.dim_site").fetchall() == [("Cape Disappointment",)]
        assert release.sql("select distinct model from marts.dim_tower").fetchall() == [("Mark IX",)]
    assert not any(pool_holders(instance).values())
    assert not list((settings.layout.dagster / "alive").iterdir())
