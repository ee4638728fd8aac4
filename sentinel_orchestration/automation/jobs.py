"""The jobs and schedules of the graph.

Belongs here: selections and when they run. Does not belong here: running one from Python (build).
"""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.run import EVERY_DAY_TAG, lake_tags
from sentinel_orchestration.lake.silver import unsettled_days
from sentinel_orchestration.publish.assets import REPORT_KEY
from sentinel_orchestration.settings import Settings, newest_full_hour

BUILD_JOB, BUILD_WITHOUT_REPORT_JOB = "build", "build_without_report"
RANGE_START_TAG, RANGE_END_TAG = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def build_jobs() -> list[UnresolvedAssetJobDefinition]:
    """The whole graph, with and without the report (which takes minutes)."""
    everything = dg.AssetSelection.all() | dg.AssetSelection.all_asset_checks()
    return [
        dg.define_asset_job(BUILD_JOB, everything, description="Feeds to published report."),
        dg.define_asset_job(
            BUILD_WITHOUT_REPORT_JOB,
            everything - dg.AssetSelection.assets(REPORT_KEY),
            description="Feeds to published warehouse, without the report.",
        ),
    ]


def build_tags(lake: Lake) -> dict[str, str]:
    """The tags of a run that brings every day up to date; its range starts at the first day with other batches."""
    last = max(lake.event_days(), default=lake.as_of.date().isoformat())
    first = min(unsettled_days(lake), default=last)
    return lake_tags(lake) | {RANGE_START_TAG: first, RANGE_END_TAG: last, EVERY_DAY_TAG: "true"}


def hourly_build(settings: Settings) -> dg.ScheduleDefinition:
    """The whole graph at ten past each hour; off until somebody turns it on."""

    @dg.schedule(
        name="hourly_build",
        job_name=BUILD_JOB,
        cron_schedule="10 * * * *",
        execution_timezone="UTC",
        description="Builds and publishes everything, an hour at a time.",
    )
    def hourly_build(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(tags=build_tags(Lake(settings, settings.as_of or newest_full_hour())))

    return hourly_build
