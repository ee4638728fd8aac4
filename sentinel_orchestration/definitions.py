"""The asset graph, put together.

Belongs here: naming the parts. Does not belong here: any part.
"""

from collections.abc import Sequence

import dagster as dg

from sentinel_orchestration.automation.jobs import build_jobs, hourly_build
from sentinel_orchestration.checks.expectations import expectation_checks
from sentinel_orchestration.checks.freshness import freshness_checks
from sentinel_orchestration.checks.volume import volume_checks
from sentinel_orchestration.lake.assets import lake_assets
from sentinel_orchestration.publish.assets import publish_assets
from sentinel_orchestration.settings import Settings, load_settings
from sentinel_orchestration.warehouse.assets import warehouse_assets
from sentinel_orchestration.warehouse.project import DbtProject


def build_definitions(settings: Settings) -> dg.Definitions:
    """The whole graph on the folders and sizes of `settings`."""
    project = DbtProject(settings)
    lake, models = lake_assets(settings), warehouse_assets(settings, project)
    checks = [freshness_checks(settings, project), volume_checks(settings), expectation_checks(settings)]

    def check_specs() -> Sequence[dg.AssetCheckSpec]:
        return [spec for part in (*lake, models, *checks) for spec in part.check_specs]

    return dg.Definitions(
        assets=[*lake, models, *publish_assets(settings, sorted(models.keys), check_specs)],
        asset_checks=checks,
        jobs=build_jobs(),
        schedules=[hourly_build(settings)],
        executor=dg.in_process_executor,
    )


defs = build_definitions(load_settings())
