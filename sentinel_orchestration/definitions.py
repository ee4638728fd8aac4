"""The asset graph, put together."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from sentinel_orchestration.automation.conditions import with_conditions
from sentinel_orchestration.automation.definitions import automation
from sentinel_orchestration.automation.retention import retention_job
from sentinel_orchestration.checks.expectations import expectation_checks
from sentinel_orchestration.checks.freshness import freshness_checks
from sentinel_orchestration.checks.volume import volume_checks
from sentinel_orchestration.env_files import forget_env
from sentinel_orchestration.internals import AssetGraph
from sentinel_orchestration.lake.assets import lake_assets
from sentinel_orchestration.observe.assets import observe_assets
from sentinel_orchestration.publish.assets import publish_assets, rollback_job
from sentinel_orchestration.publish.release import Graph
from sentinel_orchestration.resources import SettingsResource, default_resources
from sentinel_orchestration.settings import PROJECT_DIR, Settings, load_settings
from sentinel_orchestration.warehouse.definitions import warehouse_assets


def build_definitions(
    settings: Settings | None = None,
    *,
    resources: Mapping[str, Any] | None = None,
    executor: dg.ExecutorDefinition = dg.in_process_executor,
) -> dg.Definitions:
    """The whole graph. `resources` replace the real ones by name: the seam for tests."""
    settings = settings or load_settings()
    resources = {**default_resources(settings), **(resources or {})}
    lake, warehouse = lake_assets(settings), warehouse_assets(resources["dbt"])
    silver_expectations, mart_expectations = expectation_checks()
    checks = [freshness_checks(), volume_checks(), silver_expectations]

    def audited() -> Graph:
        specs = [spec for part in (*lake, *warehouse.assets, *checks, mart_expectations) for spec in part.check_specs]
        return Graph(warehouse.keys, specs, warehouse.marts)

    def graph() -> AssetGraph:
        return definitions.resolve_asset_graph()

    before_release = sorted({*warehouse.keys.values(), *(key for step in checks for key in step.keys)})
    definitions = dg.Definitions.merge(
        dg.Definitions(assets=with_conditions(lake)),
        dg.Definitions(assets=with_conditions(warehouse.assets)),
        dg.Definitions(assets=with_conditions(checks), asset_checks=[mart_expectations]),
        dg.Definitions(assets=with_conditions(publish_assets(before_release, audited)), jobs=[rollback_job()]),
        dg.Definitions(assets=with_conditions(observe_assets(graph))),
        automation(settings),
        dg.Definitions(resources=resources, executor=executor),
    )
    return definitions


def upkeep_definitions(settings: Settings) -> dg.Definitions:
    """The jobs that make no table: they need not wait for a dbt manifest."""
    return dg.Definitions(jobs=[rollback_job(), retention_job()], resources={"settings": SettingsResource.of(settings)})


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads: the graph on the settings of the environment and its files."""
    if Path.cwd() == PROJECT_DIR:
        forget_env(PROJECT_DIR)
    return build_definitions()
