"""The part of the graph that starts runs."""

import dagster as dg

from sentinel_orchestration.automation.alerts.sensor import alerts_sensor
from sentinel_orchestration.automation.conditions import flow_sensor
from sentinel_orchestration.automation.dead_runs import dead_runs_sensor
from sentinel_orchestration.automation.health import health_sensor
from sentinel_orchestration.automation.inbox import inbox_sensor
from sentinel_orchestration.automation.jobs import jobs
from sentinel_orchestration.automation.retention import retention_job
from sentinel_orchestration.automation.schedules import schedules
from sentinel_orchestration.settings import Settings


def automation(settings: Settings) -> dg.Definitions:
    """Jobs, schedules and sensors. Whether they are on is a setting; the UI overrides it."""
    return dg.Definitions(
        jobs=[*jobs(settings), retention_job()],
        schedules=schedules(settings),
        sensors=[
            inbox_sensor(settings),
            flow_sensor(settings),
            health_sensor(settings),
            dead_runs_sensor(settings),
            alerts_sensor(settings),
        ],
    )
