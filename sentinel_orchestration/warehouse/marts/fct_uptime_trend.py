"""Is a tower's uptime falling? The slope of its daily uptime by Theil and Sen, tested by Mann and Kendall.

Both look at all pairs of days, which outliers (a day of maintenance) hardly move:
slope: the median of (y_j - y_i) / (j - i) over all pairs i < j (Sen, J. Am. Stat. Assoc. 63, 1968);
test: S = sum of sign(y_j - y_i), Var(S) = (n (n-1) (2n+5) - sum of t (t-1) (2t+5) over groups of t equal values) / 18,
z = (S - sign S) / sqrt(Var S) (Kendall, Rank Correlation Methods, 1975).
"""

import duckdb
import polars as pl

from sentinel_orchestration.warehouse.python_marts import PythonMart

WINDOW_DAYS = 28
TOWERS_AT_ONCE = 10_000
LEAST_DAYS = 8  # with fewer, the normal approximation of S is too rough
DAILY = """
select tower_id, cast(telemetry_date - date '1970-01-01' as integer) as day, avg_uptime_pct
from marts.fct_fleet_health_daily
where telemetry_date > (select max(telemetry_date) from marts.fct_fleet_health_daily) - $days
"""


def compute(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """One row per tower that sent readings within the window; pairs of days are held for some towers at a time."""
    daily = connection.execute(DAILY, {"days": WINDOW_DAYS}).pl()
    towers = daily["tower_id"].unique().sort()
    chunks = [towers.slice(start, TOWERS_AT_ONCE) for start in range(0, max(towers.len(), 1), TOWERS_AT_ONCE)]
    return pl.concat(trend(daily.filter(pl.col("tower_id").is_in(chunk.implode()))) for chunk in chunks)


def trend(daily: pl.DataFrame) -> pl.DataFrame:
    """tower_id, day (a number), avg_uptime_pct → tower_id, days_count, uptime_slope_pct_per_day, trend_z.

    A tower with fewer than 8 days, or whose days are all equal, has no z; with one day it has no slope either.
    """
    days = daily.select("tower_id", "day", pl.col("avg_uptime_pct").alias("uptime"))
    pairs = days.join(days, on="tower_id", suffix="_later").filter(pl.col("day") < pl.col("day_later"))
    rise = pl.col("uptime_later") - pl.col("uptime")
    by_tower = pairs.group_by("tower_id").agg(
        (rise / (pl.col("day_later") - pl.col("day"))).median().alias("slope"),
        rise.sign().sum().alias("s"),
    )
    n, t = pl.col("days_count").cast(pl.Float64), pl.col("equal").cast(pl.Float64)
    ties = (
        days.group_by("tower_id", "uptime")
        .agg(pl.len().alias("equal"))
        .group_by("tower_id")
        .agg((t * (t - 1) * (2 * t + 5)).sum().alias("ties"))
    )
    counts = days.group_by("tower_id").agg(pl.len().cast(pl.Int64).alias("days_count"))
    variance = (n * (n - 1) * (2 * n + 5) - pl.col("ties")) / 18
    is_judged = (pl.col("days_count") >= LEAST_DAYS) & (variance > 0)
    z = pl.when(is_judged).then((pl.col("s") - pl.col("s").sign()) / variance.sqrt())
    joined = (
        counts.join(by_tower, on="tower_id", how="left")
        .join(ties, on="tower_id", how="left")
        .with_columns(z.alias("z"))
    )
    return joined.select(
        "tower_id",
        "days_count",
        pl.col("slope").round(4).alias("uptime_slope_pct_per_day"),
        pl.col("z").round(4).alias("trend_z"),
    ).sort("tower_id")


MART = PythonMart(
    name="fct_uptime_trend",
    domain="fleet",
    owner="fleet-data",
    description="One row per tower: how its daily uptime moved over the last four weeks (Theil–Sen slope, Mann–Kendall test).",
    reads=("fct_fleet_health_daily",),
    key=("tower_id",),
    columns={
        "tower_id": "Tower that sent the readings.",
        "days_count": "Days with readings within the last 28.",
        "uptime_slope_pct_per_day": "Median change of avg_uptime_pct from day to day (percentage points per day).",
        "trend_z": "Standard score of the Mann–Kendall test; null with fewer than 8 days.",
    },
    compute=compute,
)
