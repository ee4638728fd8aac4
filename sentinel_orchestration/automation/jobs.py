"""The jobs and schedules of the graph."""

import dagster as dg

from sentinel_orchestration.internals import UnresolvedAssetJobDefinition
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.run import every_day_tags, lake_tags
from sentinel_orchestration.publish.assets import REPORT_KEY
from sentinel_orchestration.settings import Settings, newest_full_hour

BUILD_JOB, BUILD_WITHOUT_REPORT_JOB = "build", "build_without_report"


def build_jobs(settings: Settings) -> list[UnresolvedAssetJobDefinition]:
    """The whole graph, with and without the report (which takes minutes).

    A run that is given no partitions looks at every day, and works on those that changed; one with partitions, on its days.
    """
    everything = dg.AssetSelection.all() | dg.AssetSelection.all_asset_checks()
    tags = every_day_tags(settings)
    return [
        dg.define_asset_job(BUILD_JOB, everything, description="Feeds to published report.", tags=tags),
        dg.define_asset_job(
            BUILD_WITHOUT_REPORT_JOB,
            everything - dg.AssetSelection.assets(REPORT_KEY),
            description="Feeds to published warehouse, without the report.",
            tags=tags,
        ),
    ]


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
        return dg.RunRequest(tags=lake_tags(Lake(settings, settings.as_of or newest_full_hour())))

    return hourly_build
