"""Conditions of the real graph, evaluated by Dagster: what changed flows down once, and nothing flows that is made already."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import dagster as dg
import pytest

from sentinel_orchestration.definitions import build_definitions
from sentinel_orchestration.settings import Settings
from tests.slim_project import slim_dbt

DAY = "2026-11-20"
Evaluate = Callable[[], dict[str, set[str | None]]]


@pytest.fixture
def definitions(tmp_path: Path, slim_project: Path) -> dg.Definitions:
    settings = Settings(home=tmp_path, as_of=datetime(2026, 11, 21), automation=True)
    return build_definitions(settings, resources={"dbt": slim_dbt(settings, slim_project)})


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def evaluate(definitions: dg.Definitions, instance: dg.DagsterInstance) -> Evaluate:
    """One tick: asset → the partitions that are asked for. It goes on from the one before."""
    cursor = None
    alone = ThreadPoolExecutor(
        1
    )  # a browser of other tests may keep an event loop in this thread, where Dagster starts its own

    def tick() -> dict[str, set[str | None]]:
        nonlocal cursor
        result = alone.submit(dg.evaluate_automation_conditions, definitions, instance, cursor=cursor).result()
        cursor = result.cursor
        found: dict[str, set[str | None]] = {}
        for each in result.results:
            subset = each.true_subset
            if not subset.is_empty:
                keys = subset.expensively_compute_asset_partitions() if isinstance(each.key, dg.AssetKey) else ()
                found[each.key.to_user_string()] = {asset.partition_key for asset in keys}
        return found

    return tick


def make(instance: dg.DagsterInstance, assets: Sequence[str], day: str | None = None) -> None:
    for asset in assets:
        instance.report_runless_asset_event(dg.AssetMaterialization(dg.AssetKey(asset.split("/")), partition=day))


def test_nothing_is_asked_for_while_nothing_changes(evaluate: Evaluate) -> None:
    assert evaluate() == {}
    assert evaluate() == {}


def test_a_day_of_bronze_flows_down_to_the_report(instance: dg.DagsterInstance, evaluate: Evaluate) -> None:
    evaluate()
    make(instance, ["bronze/telemetry"], DAY)
    assert evaluate() == {"silver/telemetry": {DAY}}
    make(instance, ["silver/telemetry"], DAY)
    asked = evaluate()
    assert {"staging/stg_telemetry", "marts/fct_fleet_health_daily", "published/warehouse", "published/report"} <= {
        *asked
    }
    assert "staging/stg_sites" not in asked
    assert not {name for name in asked if name.startswith(("bronze/", "silver/"))}


def test_what_is_asked_for_is_not_asked_for_again(instance: dg.DagsterInstance, evaluate: Evaluate) -> None:
    evaluate()
    make(instance, ["silver/sites"])
    asked = evaluate()
    assert "marts/dim_site" in asked
    make(instance, sorted(asked))
    assert evaluate() == {}
    assert evaluate() == {}


def test_a_snapshot_asks_for_no_day_of_what_refers_to_it(instance: dg.DagsterInstance, evaluate: Evaluate) -> None:
    evaluate()
    make(instance, ["silver/towers"])
    assert not {name for name in evaluate() if name.startswith("silver/")}


def test_a_check_by_the_clock_is_no_reason_for_a_release(instance: dg.DagsterInstance, evaluate: Evaluate) -> None:
    evaluate()
    make(instance, ["checks/freshness"])
    assert evaluate() == {}


def test_each_release_has_its_report(instance: dg.DagsterInstance, evaluate: Evaluate) -> None:
    evaluate()
    make(instance, ["published/warehouse"])
    assert {*evaluate()} == {"observe/health", "published/report"}


def test_conditions_are_readable(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for key in graph.materializable_asset_keys:
        condition = graph.get(key).automation_condition
        assert (condition is None) == (key.path[0] == "bronze"), key
        assert condition is None or condition.get_label() == "an input has changed"
