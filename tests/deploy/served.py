"""What the code server of the tests serves: the graph on a slim copy of the dbt project, and a schedule that is due soon."""

import dagster as dg

from sentinel_orchestration.automation.jobs import BUILD_WITHOUT_REPORT_JOB, build_request
from sentinel_orchestration.settings import load_settings
from tests.automation.served import slim_location

EVERY_MINUTE = "every_minute"


@dg.schedule(name=EVERY_MINUTE, job_name=BUILD_WITHOUT_REPORT_JOB, cron_schedule="* * * * *")
def every_minute(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Asks for what the nightly build does, without the report."""
    return build_request(load_settings())


@dg.definitions
def defs() -> dg.Definitions:
    """As sentinel_orchestration.definitions has them."""
    return dg.Definitions.merge(slim_location(), dg.Definitions(schedules=[every_minute]))
