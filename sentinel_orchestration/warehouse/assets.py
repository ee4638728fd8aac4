"""The dbt models as Dagster assets: any subset of models and tests, in any run, each result as soon as dbt has it."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import dagster as dg
import duckdb

from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.lake.counts import has_rows
from sentinel_orchestration.lake.silver import keep_schema
from sentinel_orchestration.resources import DbtResource, SettingsResource, WarehouseResource
from sentinel_orchestration.warehouse.failing_rows import failing_rows
from sentinel_orchestration.warehouse.results import NAMES, DbtResults, Results
from sentinel_orchestration.warehouse.state import ModelState, damage, read_states
from sentinel_orchestration.warehouse.translation import WAREHOUSE_POOL, DbtGraph

DAMAGED = ("corrupt database file", "not a valid duckdb database")
PROGRESS_SEC = 1.0


def dbt_assets(graph: DbtGraph) -> list[dg.AssetsDefinition]:
    """Every model, data test and unit test of the dbt project.

    Not `@dbt_assets`, which has no place for unit tests; specs are translation.py's. What pages read (`reports`) is an
    asset definition of its own: where a table of Python's is between two models of one, Dagster splits it into many steps.
    """
    return [_dbt_assets(graph, "dbt_models", ("staging", "marts")), _dbt_assets(graph, "dbt_reports", ("reports",))]


def _dbt_assets(graph: DbtGraph, name: str, layers: tuple[str, ...]) -> dg.AssetsDefinition:
    """The models of some layers (schemas), with their tests."""
    specs = [spec for spec in graph.models.values() if spec.key.path[0] in layers]

    @dg.multi_asset(
        name=name,
        specs=specs,
        check_specs=[check for check in graph.checks.values() if check.asset_key.path[0] in layers],
        can_subset=True,
        pool=WAREHOUSE_POOL,
    )
    def dbt_models(
        context: dg.AssetExecutionContext, settings: SettingsResource, dbt: DbtResource, warehouse: WarehouseResource
    ) -> Results:
        states = repair(warehouse, context.log.warning)
        layout, contracts = settings.load().layout, load_contracts()
        for contract in contracts.values():
            keep_schema(layout, contract)
        empty_feeds = {feed for feed in contracts if not has_rows(layout, feed)}
        personal = {name for contract in contracts.values() for name in contract.personal}
        sample = partial(failing_rows, warehouse, personal)
        results = DbtResults(context, graph, dbt, states, empty_feeds, sample)
        for command in _commands(context, graph, layers):
            yield from _run(context, dbt, warehouse, results, command)
        if results.missing():  # `dbt build` of a lone unit test runs nothing and is content
            raise dg.Failure(f"dbt gave no result for {', '.join(results.missing())}.", allow_retries=False)

    return dbt_models


def repair(warehouse: WarehouseResource, warn: Callable[[str], None]) -> dict[str, ModelState]:
    """What is built. Removes a warehouse that cannot be read: it is derived data, and what is missing is built again."""
    broken = damage(warehouse.path)
    if not broken:
        try:
            with warehouse.get_connection() as connection:
                return read_states(connection)
        except duckdb.Error as error:
            broken = str(error).splitlines()[0]
            if not _is_damage(broken):
                raise
    warn(f"{warehouse.path} cannot be read: {broken}. Every table is rebuilt from silver; nothing is lost.")
    _remove(warehouse)
    return {}


def _is_damage(text: str) -> bool:
    return any(sign in text.lower() for sign in DAMAGED)


def _remove(warehouse: WarehouseResource) -> None:
    for path in (warehouse.path, warehouse.path.with_name(f"{warehouse.path.name}.wal")):
        path.unlink(missing_ok=True)


def _commands(context: dg.AssetExecutionContext, graph: DbtGraph, layers: tuple[str, ...]) -> list[list[str]]:
    """The dbt commands that materialize and check what is selected.

    `dbt build` runs a unit test only together with its model, so checks on models that stay as they are need `dbt test`.
    """
    if not context.is_subset:  # "buildable": a test that also reads a later layer is that layer's
        return [["build", "--select", *layers, "--indirect-selection", "buildable"]]
    models = {key: graph.model_names[key] for key in context.selected_asset_keys}
    beside = [check.name for check in context.selected_asset_check_keys if check.asset_key in models]
    alone = [check.name for check in context.selected_asset_check_keys if check.asset_key not in models]
    exact = ["--indirect-selection", "empty"]
    commands = [["build", "--select", *models.values(), *beside, *exact]] if models else []
    return commands + ([["test", "--select", *alone, *exact]] if alone else [])


def _run(
    context: dg.AssetExecutionContext,
    dbt: DbtResource,
    warehouse: WarehouseResource,
    results: DbtResults,
    command: list[str],
) -> Results:
    invocation, progress = dbt.start(command, {*NAMES, "LogStartLine"}), _progress(context.log.info)
    for event in invocation.stream():
        progress(event)
        yield from results.of(event)
    yield from results.at_end(invocation.outcome)
    failed = [r for r in invocation.outcome.result.results if str(r.status) == "error"]
    text = "\n".join(f"{result.node.name}: {result.message}" for result in failed)
    if _is_damage(text):
        _remove(warehouse)
        text += f"\n{warehouse.path} was damaged and is removed. Run the same again: it is rebuilt from silver."
    if failed:
        raise dg.Failure(text, allow_retries=False)


def _progress(log: Callable[[str], None]) -> Callable[[Any], None]:
    """Reports what dbt is doing, at most once per second: it is one step, and takes minutes on a large fleet."""
    started, reported_at = 0, time.monotonic()

    def follow(event: Any) -> None:
        nonlocal started, reported_at
        if event.info.name != "LogStartLine":
            return
        started += 1
        if time.monotonic() - reported_at >= PROGRESS_SEC:
            reported_at = time.monotonic()
            log(f"{started} of {event.data.total}: {event.data.description}")

    return follow
