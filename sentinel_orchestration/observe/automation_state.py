"""Sensors and schedules that are on: whether their ticks fail, and whether they tick at all."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import dagster as dg

from sentinel_orchestration.internals import Tick, Ticker, next_tick, tickers

ALERTS_SENSOR = "alerts"
PATIENCE = {ALERTS_SENSOR: 10}  # ticks in a row that must fail; of others, the first counts
QUIET_SEC, QUIET_INTERVALS = 300.0, 10  # without a tick, although one was due


@dataclass(frozen=True)
class Automation:
    """One sensor or schedule. `interval_sec`: between ticks of a sensor; `cron`, `timezone`: of a schedule."""

    name: str
    is_default: bool
    ticker: Ticker
    others: list[Ticker] = field(repr=False)
    interval_sec: float = 0
    cron: str | list[str] | None = None
    timezone: str | None = None

    @classmethod
    def all_that_is_on(cls, instance: dg.DagsterInstance, repository: dg.RepositoryDefinition) -> "list[Automation]":
        """Those of the graph that a person has turned on, or that are on by default; not those that never ticked."""
        return [
            one
            for one in _all(instance, repository)
            if one.ticker.is_on and (one.is_default or not one.ticker.is_by_code)
        ]

    def failed_ticks(self, instance: dg.DagsterInstance) -> list[Tick]:
        """The newest ticks, newest first, if as many as it takes in a row have failed; otherwise none."""
        patience = PATIENCE.get(self.name, 1)
        newest = self.ticker.ticks(instance, patience)
        return newest if len(newest) == patience and all(tick.has_failed for tick in newest) else []

    def silent_since(self, instance: dg.DagsterInstance, now: float) -> float | None:
        """When it was due and did not tick, if that is long ago and the daemon was at work all the while.

        Seconds since 1970.
        """
        last = max(_last(instance, self.ticker), self.ticker.started_at or 0.0)
        if not last:
            return None
        due = next_tick(self.cron, self.timezone, last) if self.cron else last + self.interval_sec
        wait = max(QUIET_SEC, QUIET_INTERVALS * self.interval_sec)
        if now - due <= wait:
            return None
        was_at_work = any(one.has_ticked(instance, now - wait, now - wait / 2) for one in self.others)
        is_at_work = any(one.has_ticked(instance, now - wait / 2, now) for one in self.others)
        return due if was_at_work and is_at_work else None


def _all(instance: dg.DagsterInstance, repository: dg.RepositoryDefinition) -> Iterator[Automation]:
    known = tickers(instance)

    def of(name: str) -> tuple[Ticker, list[Ticker]] | None:
        """The newest of that name, as a code location that was moved leaves others behind; and those of other names."""
        mine = [ticker for ticker in known if ticker.name == name]
        others = [ticker for ticker in known if ticker.name != name]
        return (max(mine, key=lambda one: _last(instance, one)), others) if mine else None

    for sensor in repository.sensor_defs:
        if found := of(sensor.name):
            is_default = sensor.default_status == dg.DefaultSensorStatus.RUNNING
            yield Automation(sensor.name, is_default, *found, sensor.minimum_interval_seconds or 30.0)
    for schedule in repository.schedule_defs:
        if found := of(schedule.name):
            is_default = schedule.default_status == dg.DefaultScheduleStatus.RUNNING
            cron = schedule.cron_schedule
            cron = cron if isinstance(cron, str) else list(cron)
            yield Automation(schedule.name, is_default, *found, cron=cron, timezone=schedule.execution_timezone)


def _last(instance: dg.DagsterInstance, ticker: Ticker) -> float:
    newest = ticker.ticks(instance, 1)
    return newest[0].at if newest else 0.0
