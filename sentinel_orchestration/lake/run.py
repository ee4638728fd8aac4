"""The lake of a Dagster run: which moment it is built for, and which days it covers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from sentinel_orchestration.lake.pinned import PinnedLake
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.settings import Settings, SettingsError, hour_of, moment_of, newest_full_hour, window_days

AS_OF_TAG, PINNED_TAG, EVERY_DAY_TAG = "sentinel/as_of", "sentinel/batches_of", "sentinel/every_day"
ALLOW_MISSING_TAG = "sentinel/allow_missing"
PARTITION_TAG = "dagster/partition"
RANGE_START_TAG, RANGE_END_TAG = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


@dataclass(frozen=True)
class DayRange:
    """Days of event feeds, both ends included."""

    first: date
    last: date

    @property
    def tags(self) -> dict[str, str]:
        """The tags of a run over these days."""
        return {RANGE_START_TAG: self.first.isoformat(), RANGE_END_TAG: self.last.isoformat()}


def lake_tags(lake: Lake) -> dict[str, str]:
    """The tags from which `run_lake` makes the same lake again."""
    pinned = {PINNED_TAG: str(lake.manifest)} if isinstance(lake, PinnedLake) else {}
    allowed = {ALLOW_MISSING_TAG: ",".join(sorted(lake.allowed_missing))} if lake.allowed_missing else {}
    return {AS_OF_TAG: lake.as_of.isoformat()} | pinned | allowed


def run_lake(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext, settings: Settings) -> Lake:
    """The lake at the run's `as_of`: the tag, else the setting, else the hour in which the run was created.

    A run tagged with a manifest works on the batches that manifest names. Raises SettingsError for a tag that is no time.
    """
    run = context.run
    tagged, manifest = run.tags.get(AS_OF_TAG), run.tags.get(PINNED_TAG)
    if tagged and manifest:
        return PinnedLake(settings, _tagged(tagged), Path(manifest))
    allowed = frozenset(filter(None, run.tags.get(ALLOW_MISSING_TAG, "").split(",")))
    if tagged:
        return Lake(settings, _tagged(tagged), allowed_missing=allowed)
    if settings.as_of:
        return Lake(settings, settings.as_of, allowed_missing=allowed)
    record = context.instance.get_run_record_by_id(run.run_id)
    return Lake(settings, hour_of(record.create_timestamp) if record else newest_full_hour(), allowed_missing=allowed)


def _tagged(as_of: str) -> datetime:
    try:
        return moment_of(as_of)
    except ValueError as error:
        raise SettingsError(
            f"The run's tag {AS_OF_TAG}={as_of!r}: {error} Launch the run again with another."
        ) from error


class EveryDay(dg.DailyPartitionsDefinition):
    """Daily partitions whose keys are counted off.

    Dagster steps through a cron schedule to list them, 15 ms for seven years, and does so for each view on a daily feed.
    """

    def get_partition_keys(
        self, current_time: datetime | None = None, dynamic_partitions_store: Any = None
    ) -> Sequence[str]:
        """The days in order, up to the moment that Dagster looks at them."""
        if current_time is not None:
            return super().get_partition_keys(current_time, dynamic_partitions_store)
        first, last = self.get_first_partition_key(), self.get_last_partition_key()
        return days_between(first, last) if first and last else []


def daily_partitions(settings: Settings) -> dg.DailyPartitionsDefinition:
    """One partition per UTC day, from a fixed early day to that of `as_of`.

    The start is fixed so that a file of an old day needs no reload: a daemon that was already running knows its partition.
    """
    first = settings.first_day.isoformat()
    if settings.as_of and settings.as_of > newest_full_hour():
        return EveryDay(first, end_date=(settings.as_of.date() + timedelta(days=1)).isoformat())
    return EveryDay(first, end_offset=1)


def every_day_tags(settings: Settings) -> dict[str, str]:
    """The tags of a job whose runs look at every day there is, unless they are given partitions.

    Dagster cannot run partitioned assets that depend on each other without a partition: so such a run names one day, the
    newest when the job was defined, and says that it means all of them.
    """
    day = window_days(settings.as_of or newest_full_hour(), 1)[-1]
    return {RANGE_START_TAG: day, RANGE_END_TAG: day, EVERY_DAY_TAG: day}


def covered_days(context: dg.AssetExecutionContext) -> list[str] | None:
    """The days that a step covers: those of the run's partitions, or None for every day there is."""
    if context.assets_def.partitions_def is None:
        return None
    tags = context.run.tags
    every_day = tags.get(EVERY_DAY_TAG)
    if every_day and PARTITION_TAG not in tags and tags[RANGE_START_TAG] == tags[RANGE_END_TAG] == every_day:
        return None
    span = context.partition_key_range
    return days_between(span.start, span.end)


def days_between(first: str, last: str) -> list[str]:
    """Each day from `first` to `last`, both of them among them, as YYYY-MM-DD."""
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [(start + timedelta(days=shift)).isoformat() for shift in range((end - start).days + 1)]
