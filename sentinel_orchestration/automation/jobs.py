"""The jobs of the graph."""

import dagster as dg

from sentinel_orchestration.checks.freshness import FRESHNESS
from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.internals import UnresolvedAssetJobDefinition
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.run import every_day_tags, lake_tags
from sentinel_orchestration.publish.assets import HEALTH_KEY, REPORT_KEY
from sentinel_orchestration.settings import Settings, newest_full_hour

BUILD_JOB, BUILD_WITHOUT_REPORT_JOB = "build", "build_without_report"
FRESHNESS_JOB, REPORT_JOB = "freshness", "report"


def jobs(settings: Settings) -> list[UnresolvedAssetJobDefinition]:
    """The whole graph, with and without the report (which takes longest), and the freshness checks alone.

    A run that is given no partitions looks at every day, and works on those that changed; one with partitions, on its days.
    """
    everything = dg.AssetSelection.all() | dg.AssetSelection.all_asset_checks()
    tags = every_day_tags(settings)
    return [
        dg.define_asset_job(BUILD_JOB, everything, description="Feeds to published report.", tags=tags),
        dg.define_asset_job(
            BUILD_WITHOUT_REPORT_JOB,
            everything - dg.AssetSelection.assets(HEALTH_KEY, REPORT_KEY),
            description="Feeds to published warehouse, without the report.",
            tags=tags,
        ),
        dg.define_asset_job(
            FRESHNESS_JOB,
            dg.AssetSelection.checks(*limited_checks()),
            description="How old the newest event of each feed is.",
        ),
        dg.define_asset_job(
            REPORT_JOB,
            dg.AssetSelection.assets(HEALTH_KEY, REPORT_KEY),
            description="The report of the release that is there, with the pipeline's health of now.",
        ),
    ]


def build_request(settings: Settings, run_key: str | None = None) -> dg.RunRequest:
    """Asks for a build of what there is now."""
    return dg.RunRequest(run_key, tags=lake_tags(Lake(settings, settings.as_of or newest_full_hour())))


def limited_checks() -> list[dg.AssetCheckKey]:
    """The freshness checks: those of the feeds with a limit."""
    return [
        dg.AssetCheckKey(dg.AssetKey(["silver", contract.feed]), FRESHNESS)
        for contract in load_contracts().values()
        if contract.freshness_warn_hours or contract.freshness_error_hours
    ]
