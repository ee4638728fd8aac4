"""What the code server of the tests serves: the graph on a slim copy of the dbt project, whose inbox asks for no report."""

import dagster as dg

from sentinel_orchestration.automation.inbox import inbox_sensor
from sentinel_orchestration.automation.jobs import BUILD_WITHOUT_REPORT_JOB
from sentinel_orchestration.settings import load_settings
from tests.automation.served import slim_location


@dg.definitions
def defs() -> dg.Definitions:
    """As sentinel_orchestration.definitions has them, but for the sensor's job: an app would be compiled for minutes."""
    whole, asks = slim_location(), inbox_sensor(load_settings())
    (job,) = (job for job in whole.jobs if job.name == BUILD_WITHOUT_REPORT_JOB)
    others = [sensor for sensor in whole.sensors if sensor.name != asks.name]
    return dg.Definitions(
        assets=whole.assets,
        asset_checks=whole.asset_checks,
        jobs=whole.jobs,
        schedules=whole.schedules,
        sensors=[*others, asks.with_updated_job(job)],
        resources=whole.resources,
        executor=whole.executor,
    )
