"""Shows on the report what broke since it was built, while the figures of the last good release stay."""

import dagster as dg

from sentinel_orchestration.automation.jobs import BUILD_JOB, REPORT_JOB
from sentinel_orchestration.automation.switch import sensor_status
from sentinel_orchestration.observe.health import shown_digest
from sentinel_orchestration.observe.history import History
from sentinel_orchestration.observe.watch import AT_WORK
from sentinel_orchestration.publish.site import shown_health
from sentinel_orchestration.settings import Settings

LOOK_EVERY_SEC = 60


def health_sensor(settings: Settings) -> dg.SensorDefinition:
    """Asks for a new report where an incident opened or closed since; once for each such state, whatever comes of it."""

    @dg.sensor(
        name="health",
        job_name=REPORT_JOB,
        minimum_interval_seconds=LOOK_EVERY_SEC,
        default_status=sensor_status(settings),
        description="Builds the report again when an incident has opened or closed since it was built.",
    )
    def health(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        layout = settings.layout
        shown = shown_health(layout)
        if shown is None:
            return dg.SkipReason("There is no report yet.")
        digest = shown_digest(History(layout))
        if digest.startswith(shown) or digest == context.cursor:
            return dg.SkipReason("The report shows the incidents that there are, or was asked for.")
        at_work = context.instance.get_runs(dg.RunsFilter(statuses=AT_WORK))
        if any(run.job_name in (BUILD_JOB, REPORT_JOB) for run in at_work):
            return dg.SkipReason("A run that builds the report is under way.")
        return dg.SensorResult([dg.RunRequest()], cursor=digest)

    return health
