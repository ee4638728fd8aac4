"""Is the number of rows normal for this weekday and hour? A robust z-score over the history of each feed.

Belongs here: row counts. Does not belong here: what the rows say (expectations). The score is the modified z-score of
Iglewicz and Hoaglin (How to Detect and Handle Outliers, 1993): 0.6745 × (x − median) / MAD.
"""

from collections.abc import Iterator

import dagster as dg
import duckdb

from sentinel_orchestration.contracts import Contract, load_contracts
from sentinel_orchestration.settings import Settings

VOLUME = "volume"
MODIFIED_Z_LIMIT = 6.0  # 3.5 in the source; 24 hours are tested at once, and one alarm a month is one too many
HISTORY_WEEKS = 8
LEAST_HISTORY = 4

SCORES = """
with hourly as (
    select date_trunc('hour', "{event_time}") as hour_ts, count(*) as row_count
    from read_parquet(?, hive_partitioning = false)
    group by all
),
edge as (select date_trunc('hour', max(hour_ts)) as newest, min(hour_ts) as oldest from hourly),
hours as (
    select unnest(generate_series(greatest(oldest, newest - interval {weeks} week), newest - interval 1 hour, interval 1 hour))
        as hour_ts
    from edge
),
counts as (
    select hours.hour_ts, coalesce(hourly.row_count, 0) as row_count from hours left join hourly using (hour_ts)
),
recent as (select * from counts where hour_ts >= (select newest - interval 25 hour from edge)),
scored as (
    select
        recent.hour_ts, recent.row_count,
        median(past.row_count) as expected,
        mad(past.row_count) as deviation,
        count(*) as history
    from recent
    join counts as past
        on past.hour_ts < recent.hour_ts
        and date_part('hour', past.hour_ts) = date_part('hour', recent.hour_ts)
        and date_part('isodow', past.hour_ts) = date_part('isodow', recent.hour_ts)
    group by all
)
select hour_ts, row_count, expected, 0.6745 * (row_count - expected) / greatest(deviation, 0.02 * expected, 1) as score
from scored
where history >= {least}
order by abs(score) desc, hour_ts
"""


def volume_checks(settings: Settings) -> dg.AssetChecksDefinition:
    """A warning check on silver of every event feed."""
    feeds = [contract for contract in load_contracts().values() if contract.kind == "event"]

    @dg.multi_asset_check(
        name="row_volume",
        specs=[
            dg.AssetCheckSpec(
                VOLUME,
                asset=dg.AssetKey(["silver", contract.feed]),
                description="The rows of each of the last 24 hours are usual for that weekday and hour.",
                metadata={"kind": "volume", "severity": "warn", "domain": contract.domain},
            )
            for contract in feeds
        ],
        can_subset=True,
        op_tags={"dagster/priority": "1"},
    )
    def row_volume(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        wanted = {check.asset_key.path[-1] for check in context.selected_asset_check_keys}
        for contract in feeds:
            if contract.feed in wanted:
                yield _score(settings, contract)

    return row_volume


def _score(settings: Settings, contract: Contract) -> dg.AssetCheckResult:
    key = dg.AssetKey(["silver", contract.feed])
    days = sorted((settings.silver_dir / contract.feed).glob("day=*/part.parquet"))[-(7 * HISTORY_WEEKS + 2) :]
    query = SCORES.format(event_time=contract.event_time, weeks=HISTORY_WEEKS, least=LEAST_HISTORY)
    with duckdb.connect() as connection:
        hours = connection.execute(query, [[str(path) for path in days]]).fetchall() if days else []
    unusual = [hour for hour in hours if abs(hour[3]) > MODIFIED_Z_LIMIT]
    if not hours:
        description = f"Not judged: it takes {LEAST_HISTORY} weeks of history."
    elif unusual:
        at, rows, expected, score = unusual[0]
        worst = f"{at:%Y-%m-%d %H:00}, {rows:,} rows, usual {expected:,.0f} (z {score:.1f})"
        description = f"{len(unusual)} unusual hours; the most: {worst}"
    else:
        description = f"{len(hours)} hours judged, all usual."
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=VOLUME,
        passed=not unusual,
        severity=dg.AssetCheckSeverity.WARN,
        description=description,
        metadata={"hours_judged": len(hours), "hours_unusual": len(unusual), "z_limit": MODIFIED_Z_LIMIT},
    )
