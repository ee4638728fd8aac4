"""Columns that are missing, renamed, doubled, of another type, or nested."""

from datetime import time, timedelta
from decimal import Decimal

import polars as pl

from tests.hostile.case import Accepted, Case, Quarantined, Refused, csv_of, one, parquet, table

NORTH = Accepted({"site_id": ["S1"], "lat": [46.5]})
MISSING = "column region is missing; the contract sites needs it."


def shaped(name: str, frame: pl.DataFrame, outcome: Accepted | Quarantined | Refused) -> Case:
    return one(name, "sites", "a.parquet", parquet(frame), outcome)


def holding(name: str, dtype: str, means: str, column: str, values: pl.Series) -> Case:
    expected = Refused(f"column {column} holds {dtype}, which cannot be read as {means}. Write it as ")
    return shaped(name, table("sites", **{column: values}), expected)


SITE = table("sites")
CASES = [
    shaped("a column missing", SITE.drop("region"), Refused(f"{MISSING} Add or rename it.")),
    shaped("a column renamed", SITE.rename({"region": "area"}),
        Refused(f"{MISSING} It has instead: area. Add or rename it.")),
    shaped("a column in other case", SITE.rename({"region": "Region"}), Refused(f"{MISSING} It has instead: Region.")),
    shaped("a space before a name", SITE.rename({"region": " region"}), Refused(f"{MISSING} It has instead:  region.")),
    shaped("a column missing among many", SITE.drop("region").with_columns(pl.lit(n).alias(f"c{n}") for n in range(99)),
        Refused("c8, c9 and 89 more. Add or rename it.")),
    shaped("a column more", SITE.with_columns(altitude=pl.lit(900)), NORTH),
    shaped("columns in another order", SITE.select(reversed(SITE.columns)), NORTH),
    shaped("a name of ours", SITE.with_columns(_row=pl.lit(7)),
        Refused("column _row has a name Sentinel uses. Rename it.")),
    shaped("a required column all null", SITE.with_columns(region=pl.lit(None)), Quarantined({"region.required": 1})),
    one("a column all null that may be", "incidents", "a.parquet",
        parquet(table("incidents", root_cause=pl.Series([None]))),
        Accepted({"root_cause": [None]})),
    holding("a struct", "Struct({'a': Int64})", "string", "site_name", pl.Series([{"a": 1}])),
    holding("a list", "List(Int64)", "number", "lat", pl.Series([[1, 2]])),
    holding("binary", "Binary", "string", "site_name", pl.Series([b"North"])),
    holding("a duration", "Duration(time_unit='us')", "number", "lat", pl.Series([timedelta(1)])),
    holding("a time of day", "Time", "date", "commissioned_date", pl.Series([time(1)])),
    holding("floats for an id", "Float64", "string", "site_id", pl.Series([1.0])),
    holding("true for a number", "Boolean", "number", "lat", pl.Series([True])),
    shaped("decimals", SITE.with_columns(lat=pl.Series([Decimal("46.50")])), NORTH),
    shaped("categories", SITE.with_columns(env=pl.Series(["coastal"], dtype=pl.Categorical)), NORTH),
    shaped("narrow floats", SITE.with_columns(lat=pl.Series([46.5], dtype=pl.Float32)), NORTH),
    shaped("whole numbers for an id", table("sites", site_id=pl.Series([7])), Accepted({"site_id": ["7"]})),
    shaped(
        "nested columns beyond the contract",
        SITE.with_columns(
            pl.struct("lat", "lng").alias("place"), pl.concat_list("lat", "lng").alias("pair"),
            pl.lit(b"\xff").alias("blob"), pl.lit(timedelta(1)).alias("span"), pl.lit(None).alias("nothing"),
            pl.lit(Decimal("1.5")).alias("exact"), pl.lit("x").cast(pl.Categorical).alias("kind"),
        ),
        NORTH,
    ),
    Case("a type that changes from file to file", "sites", {
        "a.parquet": parquet(table("sites", site_id=pl.Series([1]), lat=pl.Series([46], dtype=pl.Int8))),
        "b.csv": csv_of("sites", {"site_id": "2", "lat": "47.5"}),
        "c.parquet": parquet(table("sites", site_id=pl.Series(["3"], dtype=pl.Categorical), lat=pl.Series([48.5]))),
    }, Accepted({"site_id": ["1", "2", "3"], "lat": [46.0, 47.5, 48.5]})),
]  # fmt: skip
