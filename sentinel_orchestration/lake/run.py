"""The lake of a Dagster run: which moment it is built for, and which days it covers.

Belongs here: what is read off a run's tags and record. Does not belong here: what assets do with it.
"""

from datetime import date, datetime, timedelta

import dagster as dg

from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.settings import Settings, hour_of, newest_full_hour, window_days

AS_OF_TAG = "sentinel/as_of"


def run_lake(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext, settings: Settings) -> Lake:
    """The lake at the run's `as_of`: the tag, else the setting, else the hour in which the run was created."""
    run = context.run
    tagged = run.tags.get(AS_OF_TAG)
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
    """The days a partitioned asset's step covers; None for one that is not partitioned, whatever the run's tags say."""
    if context.assets_def.partitions_def is None:
        return None
    if context.has_partition_key:
        return [context.partition_key]
    span = context.partition_key_range
    first, last = date.fromisoformat(span.start), date.fromisoformat(span.end)
    return [(first + timedelta(days=shift)).isoformat() for shift in range((last - first).days + 1)]
