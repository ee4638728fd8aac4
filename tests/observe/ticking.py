"""Sensors and schedules that have ticked in an instance, as a daemon writes it down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster._daemon.types import DaemonHeartbeat
from dagster._utils.error import SerializableErrorInfo


def seconds(moment: datetime) -> float:
    """A naive UTC moment as seconds since 1970."""
    return moment.replace(tzinfo=UTC).timestamp()


@dataclass
class Ticking:
    """A sensor or schedule of an instance."""

    instance: dg.DagsterInstance
    name: str
    cron: str | None = None
    status: str = "DECLARED_IN_CODE"
    location: str = "here"
    started: datetime | None = None

    def __post_init__(self) -> None:
        location = RegisteredCodeLocationOrigin(self.location)
        origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "__repository__"), self.name)
        started = seconds(self.started) if self.started else None
        data = (
            ScheduleInstigatorData(self.cron, started)
            if self.cron
            else SensorInstigatorData(min_interval=30, last_sensor_start_timestamp=started)
        )
        kind = InstigatorType.SCHEDULE if self.cron else InstigatorType.SENSOR
        self.state = InstigatorState(origin, kind, InstigatorStatus[self.status], data)
        self.instance.add_instigator_state(self.state)

    def tick(self, at: datetime, status: str = "SKIPPED", error: SerializableErrorInfo | None = None) -> None:
        """Ticks once."""
        self.instance.create_tick(
            TickData(
                instigator_origin_id=self.state.instigator_origin_id,
                instigator_name=self.name,
                instigator_type=self.state.instigator_type,
                status=TickStatus[status],
                timestamp=seconds(at),
                selector_id=self.state.selector_id,
                error=error,
            )
        )

    def fail(self, at: datetime, message: str = "builtins.ValueError: Jane Doe said 'no'\n") -> None:
        """Ticks once, and the tick fails with an error of others that Dagster has wrapped."""
        cause = SerializableErrorInfo(message, [], "ValueError")
        self.tick(at, "FAILURE", SerializableErrorInfo("Error occurred", [], "SensorExecutionError", cause))


def beat(instance: dg.DagsterInstance, at: datetime) -> None:
    """A sign of life of the daemon."""
    instance.add_daemon_heartbeat(DaemonHeartbeat(seconds(at), "SENSOR", "id", []))
