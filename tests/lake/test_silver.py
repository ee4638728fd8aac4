"""What becomes of received rows: silver, quarantine, and nothing lost between."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from sentinel_orchestration.lake.conform import contract_schema
from sentinel_orchestration.lake.counts import DayCounts, read_counts
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.settings import Settings

Rows = dict[str, pl.DataFrame]
Submit = Callable[..., Path]
Refresh = Callable[..., list[DayCounts]]
Read = Callable[..., pl.DataFrame]


def total(counts: list[DayCounts]) -> tuple[int, int, int, int, int]:
    """(received, good, quarantined, superseded, duplicates) over all days"""
    return tuple(  # type: ignore[return-value]
        sum(getattr(c, name) for c in counts)
        for name in ("received", "good", "quarantined", "superseded", "duplicates")
    )


def test_simulated_rows_all_keep_their_contracts(
    lake: Lake, refresh: Refresh, silver: Read, quarantine: Read, fleet_rows: Rows
) -> None:
    for feed, contract in lake.contracts.items():
        counts = refresh(lake, feed)
        rows = fleet_rows[feed]
        assert total(counts) == (rows.height, rows.height, 0, 0, 0), feed
        assert dict(silver(feed).schema) == contract_schema(contract)
        assert silver(feed).sort(contract.key).equals(rows.select(contract.column_names).sort(contract.key))
        assert quarantine(feed).is_empty()


def test_the_counts_are_in_the_silver_file(lake: Lake, refresh: Refresh, settings: Settings) -> None:
    (counts,) = refresh(lake, "sites")
    assert read_counts(settings.layout.silver_file("sites")) == counts
    assert read_counts(settings.layout.silver_file("towers")) is None


def test_quarantine_shows_rule_file_row_and_raw_values(
    lake: Lake, submit: Submit, refresh: Refresh, silver: Read, quarantine: Read, fleet_rows: Rows
) -> None:
    rows = fleet_rows["telemetry"].head(5).with_columns(
        cpu_pct=pl.Series(["50", "high", "101", "50", "50"]),
        tower_id=pl.Series([*fleet_rows["telemetry"]["tower_id"][:3], "T-none", None]),
        note=pl.lit("x"),
    )  # fmt: skip
    submit("telemetry", rows, "night/a.csv")
    counts = refresh(lake, "sites", "towers", "telemetry")
    assert total(counts) == (5, 1, 4, 0, 0)
    found = quarantine("telemetry").sort("_row")
    assert found.select("_rules", "_row", "_source_file").rows() == [
        ("cpu_pct.type", 2, "night/a.csv"),
        ("cpu_pct.maximum", 3, "night/a.csv"),
        ("tower_id.reference", 4, "night/a.csv"),
        ("tower_id.required", 5, "night/a.csv"),
    ]
    assert '"cpu_pct":"high"' in found["_raw"][0]
    assert found["_received_at"].null_count() == 0
    assert "note" not in silver("telemetry").columns
    assert silver("telemetry").height == 1


def test_undated_and_implausible_rows_are_quarantined(
    lake: Lake, submit: Submit, refresh: Refresh, quarantine: Read, fleet_rows: Rows
) -> None:
    rows = fleet_rows["telemetry"].head(5).with_columns(
        ts=pl.Series(["", "soon", "1970-01-01 00:00", "2999-01-01", "2025-03-03T10:00Z"])
    )  # fmt: skip
    submit("telemetry", rows, "a.csv")
    (counts,) = refresh(lake, "sites", "towers", "telemetry")
    assert (counts.day, counts.received, counts.good, counts.quarantined) == ("2025-03-03", 5, 1, 4)
    assert quarantine("telemetry").sort("_row")["_rules"].to_list() == [
        "ts.required", "ts.type", "ts.too_old", "ts.future",
    ]  # fmt: skip


def test_late_and_overlapping_files(
    lake: Lake, submit: Submit, refresh: Refresh, silver: Read, fleet_rows: Rows
) -> None:
    rows = fleet_rows["telemetry"]
    early, late = (
        rows.filter(pl.col("ts") < datetime(2025, 3, 3, 12)),
        rows.filter(pl.col("ts") >= datetime(2025, 3, 3)),
    )
    submit("telemetry", late, "late.parquet")
    refresh(lake, "sites", "towers", "telemetry")
    submit("telemetry", early.with_columns(cpu_pct=1.0), "early.parquet")
    counts = refresh(lake, "telemetry")
    overlap = early.height + late.height - rows.height
    assert overlap > 0
    assert total(counts) == (early.height + late.height, rows.height, 0, overlap, 0)
    found = silver("telemetry")
    assert found.filter(pl.col("ts") < datetime(2025, 3, 3, 12))["cpu_pct"].unique().to_list() == [1.0]
    assert found.filter(pl.col("ts") >= datetime(2025, 3, 3, 12)).height == rows.height - early.height


def test_of_equally_new_files_the_one_received_last_wins_whatever_they_are_called(
    lake: Lake, submit: Submit, refresh: Refresh, silver: Read, fleet_rows: Rows
) -> None:
    for hour, name in ((30, "b.parquet"), (20, "c.parquet"), (10, "a.parquet")):
        submit("sites", fleet_rows["sites"].with_columns(region=pl.lit(name)), name, hour=hour)
        (counts,) = refresh(lake, "sites")
    assert silver("sites")["region"].unique().to_list() == ["a.parquet"]
    assert counts.superseded == 2 * fleet_rows["sites"].height
    submit("sites", fleet_rows["sites"].with_columns(region=pl.lit("c.parquet")), "again.csv", hour=5)
    refresh(lake, "sites")
    assert silver("sites")["region"].unique().to_list() == ["c.parquet"]


@pytest.mark.parametrize("first", ["older.parquet", "newer.parquet"])
def test_of_two_exports_the_newer_wins_in_whatever_order_they_come(
    lake: Lake, submit: Submit, refresh: Refresh, silver: Read, fleet_rows: Rows, first: str
) -> None:
    """How new an export is, its rows say: files together, one after the other, with any times."""
    closed = fleet_rows["incidents"].filter(pl.col("closed_at").is_not_null())
    older = closed.with_columns(closed_at=pl.lit(None, pl.Datetime("us")))
    for name in sorted(("older.parquet", "newer.parquet"), key=lambda name: name != first):
        submit("incidents", closed if name == "newer.parquet" else older, name, hour=len(name))
        refresh(lake, "sites", "towers", "incidents")
    assert silver("incidents")["closed_at"].null_count() == 0


def test_repeated_rows_change_nothing(
    lake: Lake, submit: Submit, refresh: Refresh, silver: Read, fleet_rows: Rows
) -> None:
    rows = fleet_rows["incidents"]
    submit("incidents", rows)
    refresh(lake, "sites", "towers", "incidents")
    before = silver("incidents")
    submit("incidents", pl.concat([rows, rows.reverse()]), "twice.jsonl")
    counts = refresh(lake, "incidents")
    assert total(counts) == (3 * rows.height, rows.height, 0, 0, 2 * rows.height)
    assert silver("incidents").equals(before)


def test_batches_that_order_columns_or_types_otherwise_meet_in_one_table(
    lake: Lake, submit: Submit, refresh: Refresh, silver: Read, fleet_rows: Rows
) -> None:
    rows = fleet_rows["sites"]
    submit("sites", rows[0:1])
    submit("sites", rows[1:2].select(sorted(rows.columns, reverse=True)), "turned.parquet")
    submit("sites", rows[2:3].with_columns(pl.col("env").cast(pl.Categorical), extra=1), "b.parquet")
    (counts,) = refresh(lake, "sites")
    assert counts.good == 3
    assert silver("sites").equals(rows.sort("site_id"))


def test_alerts_find_their_detections_across_midnight_and_no_further(
    lake: Lake, submit: Submit, refresh: Refresh, quarantine: Read, fleet_rows: Rows
) -> None:
    detections, alerts = fleet_rows["detections"], fleet_rows["alert_pipeline"]
    moments = [datetime(2025, 3, day) for day in (1, 2, 3, 4)]
    last = detections.filter(pl.col("detected_at") < datetime(2025, 3, 3)).tail(1)
    seen = pl.concat(last.with_columns(detection_id=pl.lit(f"D{moment.day}")) for moment in moments)
    times = [c for c, kind in alerts.schema.items() if kind == pl.Datetime]
    moved = pl.concat(
        alerts.head(1).with_columns(pl.lit(f"D{moment.day}").alias("detection_id"), *(
            pl.lit(moment).cast(pl.Datetime("us")).alias(name) for name in times
        ))
        for moment in moments
    )  # fmt: skip
    submit("detections", seen)
    submit("alert_pipeline", moved)
    together = refresh(lake, "sites", "towers", "detections", "alert_pipeline")
    assert seen["detected_at"].dt.date().cast(pl.String).unique().to_list() == ["2025-03-02"]
    assert [(c.day, c.good) for c in together] == [
        ("2025-03-01", 1), ("2025-03-02", 1), ("2025-03-03", 1), ("2025-03-04", 0),
    ]  # fmt: skip
    assert quarantine("alert_pipeline")["_rules"].to_list() == ["detection_id.reference"]


def test_a_key_received_again_on_another_day_leaves_the_first(
    lake: Lake, submit: Submit, refresh: Refresh, silver: Read, quarantine: Read, fleet_rows: Rows
) -> None:
    rows = fleet_rows["detections"]
    submit("detections", rows)
    refresh(lake, "sites", "towers", "detections")
    later = rows.head(1).with_columns(detected_at=pl.lit(rows["detected_at"].max()))
    submit("detections", later, "later.parquet")
    counts = refresh(lake, "detections")
    key = rows["detection_id"][0]
    assert (
        silver("detections").filter(pl.col("detection_id") == key)["detected_at"].to_list()
        == later["detected_at"].to_list()
    )
    assert quarantine("detections").select("detection_id", "_rules").rows() == [(key, "key.superseded")]
    assert sum(c.received for c in counts) == sum(c.good + c.superseded for c in counts) == rows.height + 1
