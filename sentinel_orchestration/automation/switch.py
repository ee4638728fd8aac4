"""Whether sensors and schedules are on, before anybody touches them in the UI."""

import dagster as dg

from sentinel_orchestration.settings import Settings


def sensor_status(settings: Settings) -> dg.DefaultSensorStatus:
    """As the setting says."""
    return dg.DefaultSensorStatus.RUNNING if settings.automation else dg.DefaultSensorStatus.STOPPED


def schedule_status(settings: Settings) -> dg.DefaultScheduleStatus:
    """As the setting says."""
    return dg.DefaultScheduleStatus.RUNNING if settings.automation else dg.DefaultScheduleStatus.STOPPED
