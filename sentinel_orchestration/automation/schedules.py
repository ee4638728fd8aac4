"""What runs by the clock."""

import dagster as dg

from sentinel_orchestration.automation.jobs import BUILD_JOB, FRESHNESS_JOB, build_request
from sentinel_orchestration.automation.retention import RETENTION_JOB
from sentinel_orchestration.automation.switch import schedule_status
from sentinel_orchestration.settings import Settings


def schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """A build each night, one each hour for sources that have to be asked, freshness on a clock of its own, and retention."""
    return [nightly_build(settings), hourly_build(settings), freshness_clock(settings), nightly_retention(settings)]


def nightly_build(settings: Settings) -> dg.ScheduleDefinition:
    """The whole graph at six in the morning, where the operators are."""
    return _build(settings, "nightly_build", "0 6 * * *", schedule_status(settings), "Builds and publishes everything.")


def hourly_build(settings: Settings) -> dg.ScheduleDefinition:
    """The whole graph at ten past each hour; off until somebody turns it on."""
    return _build(
        settings,
        "hourly_build",
        "10 * * * *",
        dg.DefaultScheduleStatus.STOPPED,
        "Builds and publishes everything, an hour at a time: for feeds over HTTP, which have to be asked.",
    )


def freshness_clock(settings: Settings) -> dg.ScheduleDefinition:
    """The freshness checks alone: data grows old while nothing runs."""
    return dg.ScheduleDefinition(
        name="freshness_clock",
        job_name=FRESHNESS_JOB,
        cron_schedule="*/15 * * * *",
        execution_timezone="UTC",
        default_status=schedule_status(settings),
        description="Looks every quarter of an hour how old the newest event of each feed is.",
    )


def nightly_retention(settings: Settings) -> dg.ScheduleDefinition:
    """What is over its age or count goes at half past four in the morning, before the build that needs the space."""
    return dg.ScheduleDefinition(
        name="nightly_retention",
        job_name=RETENTION_JOB,
        cron_schedule="30 4 * * *",
        execution_timezone=settings.timezone,
        default_status=schedule_status(settings),
        description="Removes old releases, batches that nothing needs, and runs that ended long ago.",
    )


def _build(
    settings: Settings, name: str, cron: str, status: dg.DefaultScheduleStatus, description: str
) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=name,
        job_name=BUILD_JOB,
        cron_schedule=cron,
        execution_timezone=settings.timezone,
        default_status=status,
        description=description,
    )
    def build(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return build_request(settings)

    return build
