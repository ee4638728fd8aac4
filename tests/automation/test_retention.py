"""After any retention, what is published can be verified, gone back to and released again; and the disk has its space back."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickStatus

from conftest import AS_OF, SMALL, Built, build_everything, definitions_of
from sentinel_orchestration.automation.instance import open_instance
from sentinel_orchestration.automation.retention import KINDS, RETENTION_JOB
from sentinel_orchestration.automation.verify import verify
from sentinel_orchestration.lake.pinned import PinnedLake
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.publish.assets import WAREHOUSE_KEY
from sentinel_orchestration.publish.manifest import MANIFEST_FILE, read_manifest
from sentinel_orchestration.publish.releases import NothingToRollBackError, roll_back
from sentinel_orchestration.settings import Settings
from sentinel_orchestration.surplus import size_of
from tests.automation.aged import age

HOURS = 4
KEPT = 3


@pytest.fixture(scope="module")
def hourly(small_home: Built, slim_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a build of each of five hours, forty days ago. Copy it."""
    home = tmp_path_factory.mktemp("hourly")
    shutil.copytree(small_home.settings.home, home, symlinks=True, dirs_exist_ok=True)
    for hour in range(1, HOURS + 1):
        settings = Settings(home=home, **SMALL | {"as_of": AS_OF + timedelta(hours=hour)})
        built = build_everything(settings, slim_project)
        built.instance.dispose()
        assert built.outcome.succeeded, built.outcome.error
    age(home)
    return home


@pytest.fixture
def aged(hourly: Path, slim_project: Path, tmp_path: Path) -> Iterator[Built]:
    """That home, as it is today."""
    home = tmp_path / "home"
    shutil.copytree(hourly, home, symlinks=True)
    settings = Settings(home=home, **SMALL | {"as_of": AS_OF + timedelta(hours=HOURS)}, keep_releases=KEPT)
    definitions, instance = definitions_of(settings, slim_project), open_instance(settings)
    yield Built(settings, Lake(settings, settings.as_of or AS_OF), definitions, instance, outcome=None)  # type: ignore[arg-type]
    instance.dispose()


def retain(built: Built) -> dg.ExecuteInProcessResult:
    job = built.definitions.resolve_job_def(RETENTION_JOB)
    return job.execute_in_process(instance=built.instance, raise_on_error=False)


def surplus(built: Built) -> list[str]:
    return [found.what for kind in KINDS for found in kind.surplus(built.settings, built.instance)]


def days_made(instance: dg.DagsterInstance) -> dict[str, set[str]]:
    feeds = ("telemetry", "detections", "alert_pipeline")
    keys = [dg.AssetKey([layer, feed]) for layer in ("bronze", "silver") for feed in feeds]
    return {key.to_user_string(): instance.get_materialized_partitions(key) for key in keys}


def test_what_is_published_can_be_released_again_verified_and_gone_back_to(
    aged: Built, slim_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout, days = aged.settings.layout, days_made(aged.instance)
    assert len(list(layout.releases.iterdir())) == KEPT  # publishing keeps no more
    expected, runs_before = surplus(aged), len(aged.instance.get_runs())
    assert any("of telemetry" in what for what in expected)
    assert any("of build_without_report" in what for what in expected)
    batches_before = size_of(layout.bronze)

    result = retain(aged)

    assert result.success
    assert surplus(aged) == []
    assert size_of(layout.bronze) < batches_before
    assert len(aged.instance.get_runs()) < runs_before
    assert days_made(aged.instance) == days

    # Every check that publishing looks at still has its result.
    job = aged.definitions.resolve_job_def("build_without_report")
    again = job.execute_in_process(
        instance=aged.instance,
        asset_selection=[WAREHOUSE_KEY],
        raise_on_error=False,
        tags={"sentinel/as_of": aged.lake.as_of.isoformat()},
    )
    assert again.success
    (made,) = again.asset_materializations_for_node("published__warehouse")
    assert made.metadata["unchanged"].value is True

    monkeypatch.setattr(Settings, "dbt_dir", property(lambda self: slim_project))
    reached = []
    while True:
        reached.append(layout.current.resolve().name)
        manifest = read_manifest(layout.current)
        assert manifest is not None
        assert PinnedLake(aged.settings, manifest.as_of, layout.current / MANIFEST_FILE).missing() == {}
        try:
            roll_back(layout)
        except NothingToRollBackError:
            break
    assert len(reached) == KEPT
    found = verify(aged.settings, partial(definitions_of, project=slim_project), lambda entry: None, lambda text: None)
    assert found.is_same, found  # of the oldest release that is kept


def test_a_second_time_there_is_nothing_left_to_do(aged: Built) -> None:
    first, second = retain(aged), retain(aged)
    freed = [[result.output_for_node(kind.step) for kind in KINDS] for result in (first, second)]
    assert freed[0][1] > 0
    assert freed[0][2] > 0
    assert freed[1] == [0, 0, 0]


def test_fewer_releases_may_be_kept_than_there_are(aged: Built, slim_project: Path) -> None:
    fewer = Settings(**aged.settings.model_dump() | {"keep_releases": 2})
    sizes = {folder.name: size_of(folder) for folder in fewer.layout.releases.iterdir()}
    built = Built(fewer, aged.lake, definitions_of(fewer, slim_project), aged.instance, outcome=None)  # type: ignore[arg-type]
    result = retain(built)
    (gone,) = sizes.keys() - {folder.name for folder in fewer.layout.releases.iterdir()}
    assert result.output_for_node("prune_releases") == sizes[gone]
    messages = [entry.user_message for entry in aged.instance.all_logs(result.run_id) if not entry.dagster_event]
    assert [text.split(" (")[0] for text in messages if text.startswith("release ")] == [
        f"release {gone}: beyond the 2 that are kept"
    ]


def test_where_the_current_release_cannot_be_read_only_runs_go(aged: Built) -> None:
    (aged.settings.layout.current / MANIFEST_FILE).write_text("{")
    releases, bronze = (
        sorted(folder.rglob("*")) for folder in (aged.settings.layout.releases, aged.settings.layout.bronze)
    )
    result = retain(aged)
    assert [event.step_key for event in result.all_events if event.is_step_success] == ["prune_runs"]
    assert sorted(aged.settings.layout.releases.rglob("*")) == releases
    assert [path for path in bronze if not path.exists()] == []


def test_each_kind_is_removed_in_the_pool_of_those_who_use_it(aged: Built) -> None:
    job = aged.definitions.resolve_job_def(RETENTION_JOB)
    assert {node.name: node.definition.pool for node in job.nodes} == {
        "prune_releases": "warehouse",
        "prune_batches": "lake",
        "prune_runs": None,
    }


def test_ticks_that_started_nothing_are_kept_for_two_days(tmp_path: Path) -> None:
    with open_instance(Settings(home=tmp_path)) as instance:
        kept = instance.get_tick_retention_settings(InstigatorType.SENSOR)
    assert kept == {
        TickStatus.SKIPPED: 2,
        TickStatus.STARTED: 30,
        TickStatus.SUCCESS: 30,
        TickStatus.FAILURE: 30,
    }
