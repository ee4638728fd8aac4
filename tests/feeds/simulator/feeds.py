"""The feeds whose rows follow from the towers of the fleet; other simulated feeds have tests of their own."""

import polars as pl

TOWER_EVENTS = ("telemetry", "detections", "alert_pipeline")
TOWER_SNAPSHOTS = ("sites", "towers", "deployments", "incidents", "components", "inventory")
TOWER_FEEDS = (*TOWER_EVENTS, *TOWER_SNAPSHOTS)


def local_hours(rows: pl.DataFrame, column: str) -> pl.Series:
    """The hour of the clock at the place of each row, whose zone is in the column `timezone`, by Polars' own time zones."""
    hour = pl.lit(None, pl.Int8)
    for zone in rows["timezone"].unique():
        local = pl.col(column).dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.hour()
        hour = pl.when(pl.col("timezone") == zone).then(local).otherwise(hour)
    return rows.select(hour.alias("hour"))["hour"]
