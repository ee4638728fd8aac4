"""The lake of a Dagster run: which moment it is built for, and which days it covers.

Belongs here: what is read off a run's tags and record. Does not belong here: what assets do with it.
"""

from datetime import date, datetime, timedelta
from pathlib import Path

import dagster as dg

from sentinel_orchestration.lake.pinned import PinnedLake
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.settings import Settings, hour_of, newest_full_hour, window_days

AS_OF_TAG, PINNED_TAG, EVERY_DAY_TAG = "sentinel/as_of", "sentinel/batches_of", "sentinel/every_day"


def lake_tags(lake: Lake) -> dict[str, str]:
    """The tags from which `run_lake` makes the same lake again."""
    pinned = {PINNED_TAG: str(lake.manifest)} if isinstance(lake, PinnedLake) else {}
    return {AS_OF_TAG: lake.as_of.isoformat()} | pinned


def run_lake(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext, settings: Settings) -> Lake:
    """The lake at the run's `as_of`: the tag, else the setting, else the hour in which the run was created.

    A run tagged with a manifest works on the batches that manifest names.
    """
    run = context.run
    tagged, manifest = run.tags.get(AS_OF_TAG), run.tags.get(PINNED_TAG)
    if tagged and manifest:
        return PinnedLake(settings, hour_of(datetime.fromisoformat(tagged)), Path(manifest))
    if tagged:
        return Lake(settings, hour_of(datetime.fromisoformat(tagged)))
    if settings.as_of:
        return Lake(settings, settings.as_of)
    record = context.instance.get_run_record_by_id(run.run_id)
    return Lake(settings, hour_of(record.create_timestamp) if record else newest_full_hour())


def daily_partitions(settings: Settings) -> dg.DailyPartitionsDefinition:
    """One partition a UTC day, from the first day with rows (or of the simulated window) to that of `as_of`."""
    as_of = settings.as_of or newest_full_hour()
    received = (path.name.removeprefix("day=") for path in settings.bronze_dir.glob("*/day=*"))
    first = min([window_days(as_of, settings.days)[0], *received])
    last = max(as_of, newest_full_hour()).date()
    if settings.as_of and settings.as_of > newest_full_hour():
        return dg.DailyPartitionsDefinition(start_date=first, end_date=(last + timedelta(days=1)).isoformat())
    return dg.DailyPartitionsDefinition(start_date=first, end_offset=1)


def covered_days(context: dg.AssetExecutionContext) -> list[str] | None:
    """The days a partitioned asset's step covers; None for all there are.

    A build looks at every day, and its range holds the days it expects to change: Dagster records the partitions of a
    range one by one, which years of days that stay as they are would make long.
    """
    if context.assets_def.partitions_def is None or EVERY_DAY_TAG in context.run.tags:
        return None
    if context.has_partition_key:
        return [context.partition_key]
    span = context.partition_key_range
    first, last = date.fromisoformat(span.start), date.fromisoformat(span.end)
    return [(first + timedelta(days=shift)).isoformat() for shift in range((last - first).days + 1)]
