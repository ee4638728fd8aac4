"""Checks that each hour has about as many rows as the same hour of the week usually has.

The score is the modified z-score (modified_z.sql) over the same weekday and hour of the last eight weeks.
"""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import duckdb

from sentinel_orchestration.checks.steps import check_step, step_key
from sentinel_orchestration.contracts import Contract, load_contracts
from sentinel_orchestration.lake.checks import NO_ROWS, VERSION, skipped
from sentinel_orchestration.lake.counts import feed_version, silver_counts
from sentinel_orchestration.layout import Layout
from sentinel_orchestration.resources import SettingsResource

VOLUME = "volume"
MODIFIED_Z = (Path(__file__).parent / "modified_z.sql").read_text(encoding="utf-8")  # a macro
MODIFIED_Z_LIMIT = 6.0  # the source says 3.5, but this check tests 24 hours every time and should rarely cry wolf
JUDGED_HOURS = 24
HISTORY_WEEKS = 8
MIN_HISTORY_WEEKS = 4

# The newest hour may still be filling up, so the judged hours end before it. The first of them needs its history too:
# the series starts 24 hours before the eight weeks. A MAD below one row counts as that much.
SCORES = """
with hourly as (
    select date_trunc('hour', "{event_time}") as hour_ts, count(*) as row_count
    from read_parquet(?, hive_partitioning = false)
    group by all
),
edge as (
    select
        max(hour_ts) - interval {judged} hour as first_judged,
        max(hour_ts) - interval 1 hour as last_judged,
        min(hour_ts) as oldest
    from hourly
),
hours as (
    select unnest(generate_series(greatest(oldest, first_judged - interval {weeks} week), last_judged, interval 1 hour))
        as hour_ts
    from edge
),
counts as (
    select hours.hour_ts, coalesce(hourly.row_count, 0) as row_count from hours left join hourly using (hour_ts)
),
recent as (select * from counts where hour_ts >= (select first_judged from edge)),
scored as (
    select
        recent.hour_ts, recent.row_count,
        median(past.row_count) as expected,
        mad(past.row_count) as deviation
    from recent
    join counts as past
        on past.hour_ts between recent.hour_ts - interval {weeks} week and recent.hour_ts - interval 1 week
        and date_part('hour', past.hour_ts) = date_part('hour', recent.hour_ts)
        and date_part('isodow', past.hour_ts) = date_part('isodow', recent.hour_ts)
    group by all
    having count(*) >= {least}
)
select hour_ts, row_count, expected, modified_z(row_count, expected, deviation, 1) as score
from scored
order by abs(score) desc, hour_ts
"""


def volume_checks() -> dg.AssetsDefinition:
    """One check per event feed, on its silver asset. It warns and never blocks."""
    feeds = [contract for contract in load_contracts().values() if contract.kind == "event"]
    specs = [
        dg.AssetCheckSpec(
            VOLUME,
            asset=dg.AssetKey(["silver", contract.feed]),
            description="Each of the last 24 full hours has a usual number of rows for its weekday and hour.",
            metadata={"kind": "volume", "severity": "warn", "domain": contract.domain},
        )
        for contract in feeds
    ]

    @dg.multi_asset(**check_step(VOLUME, "Is the number of rows normal for this weekday and hour?", specs))
    def row_volume(
        context: dg.AssetExecutionContext, settings: SettingsResource
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        layout = settings.load().layout
        wanted = {check.asset_key.path[-1] for check in context.selected_asset_check_keys}
        for contract in feeds:
            if contract.feed in wanted:
                yield _score(layout, contract)
        if context.selected_asset_keys:
            yield dg.MaterializeResult(asset_key=step_key(VOLUME))

    return row_volume


def _score(layout: Layout, contract: Contract) -> dg.AssetCheckResult:
    key = dg.AssetKey(["silver", contract.feed])
    # The judged hours touch two days, and their history goes back eight weeks from each.
    days = list(layout.silver_files(contract.feed).values())[-(7 * HISTORY_WEEKS + 2) :]
    query = SCORES.format(
        event_time=contract.event_time, judged=JUDGED_HOURS, weeks=HISTORY_WEEKS, least=MIN_HISTORY_WEEKS
    )
    with duckdb.connect() as connection:
        connection.execute(MODIFIED_Z)
        hours = connection.execute(query, [[str(path) for path in days]]).fetchall() if days else []
    version = feed_version(silver_counts(layout, contract.feed))
    if not hours:
        reason = f"this takes {MIN_HISTORY_WEEKS} weeks of history" if days else NO_ROWS
        return skipped(key, VOLUME, version, reason)
    unusual = [hour for hour in hours if abs(hour[3]) > MODIFIED_Z_LIMIT]
    if unusual:
        at, rows, expected, score = unusual[0]
        worst = f"{at:%Y-%m-%d %H:00} with {rows:,} rows, expected {expected:,.0f} (z {score:.1f})"
        description = f"Unusual number of rows in {len(unusual)} of {len(hours)} hours. The most unusual: {worst}."
    else:
        description = f"All of the {len(hours)} hours judged are usual."
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=VOLUME,
        passed=not unusual,
        severity=dg.AssetCheckSeverity.WARN,
        description=description,
        metadata={
            VERSION: version,
            "hours_judged": len(hours),
            "hours_unusual": len(unusual),
            "z_limit": MODIFIED_Z_LIMIT,
        },
    )
