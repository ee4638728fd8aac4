"""What a newer version of a row takes back is warned of, with the row."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import dagster as dg
import polars as pl

from sentinel_orchestration.lake.checks import nothing_goes_back
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.reversals import reversals

Rows = dict[str, pl.DataFrame]
Submit = Callable[..., Path]
Refresh = Callable[..., object]
KEY = dg.AssetKey(["silver", "incidents"])


def closed(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("closed_at").is_not_null())


def test_an_incident_that_is_open_again(lake: Lake, submit: Submit, refresh: Refresh, fleet_rows: Rows) -> None:
    """The newer export, which says so by another row, lacks the end of an incident."""
    older = closed(fleet_rows["incidents"]).head(3)
    again = older.head(1).with_columns(closed_at=pl.lit(None, pl.Datetime("us")))
    newest = older.head(1).with_columns(
        incident_id=pl.lit("INC-NEW"), opened_at=datetime(2025, 3, 4, 11), closed_at=None
    )
    submit("incidents", older, "older.parquet")
    submit("incidents", pl.concat([again, newest.cast(dict(older.schema))]), "newer.parquet")
    refresh(lake, "sites", "towers", "incidents")
    contract = lake.contracts["incidents"]

    found = reversals(lake.layout, contract)

    identifier, was = older["incident_id"][0], older["closed_at"][0]
    assert found.select("incident_id", "column").rows() == [(identifier, "closed_at")]
    result = nothing_goes_back(KEY, contract, [], found)
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert (result.description or "").startswith(f"{identifier}: closed_at was {was:%Y-%m-%d %H:%M}")
    assert "in older.parquet, and is empty" in (result.description or "")


def test_an_incident_that_is_closed_does_not_go_back(
    lake: Lake, submit: Submit, refresh: Refresh, fleet_rows: Rows
) -> None:
    newer = closed(fleet_rows["incidents"])
    submit("incidents", newer.with_columns(closed_at=pl.lit(None, pl.Datetime("us"))), "older.parquet")
    submit("incidents", newer, "newer.parquet")
    refresh(lake, "sites", "towers", "incidents")
    contract = lake.contracts["incidents"]
    assert reversals(lake.layout, contract).is_empty()
    assert nothing_goes_back(KEY, contract, [], reversals(lake.layout, contract)).passed


def test_a_version_column_decides_row_by_row(
    lake: Lake, submit: Submit, refresh: Refresh, silver: Callable[[str], pl.DataFrame], fleet_rows: Rows
) -> None:
    """Two counts of the stock, each newer for half of the parts."""
    stock = fleet_rows["inventory"]
    assert lake.contracts["inventory"].version_column == "last_updated"
    half = pl.int_range(pl.len()) < stock.height // 2
    for number, is_newer in ((1, half), (2, ~half)):
        moment = pl.when(is_newer).then(datetime(2025, 3, 2)).otherwise(datetime(2025, 3, 1))
        rows = stock.with_columns(on_hand=pl.lit(number, pl.Int64), last_updated=moment.cast(pl.Datetime("us")))
        submit("inventory", rows.cast(dict(stock.schema)), f"{number}.parquet")
    refresh(lake, "inventory")
    expected = dict(
        zip(stock["part_number"], stock.select(pl.when(half).then(1).otherwise(2)).to_series(), strict=True)
    )
    assert dict(silver("inventory").select("part_number", "on_hand").iter_rows()) == expected
