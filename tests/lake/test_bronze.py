"""Receiving: whole or not at all, once, each row in its day, and what is refused is kept with the reason."""

import json
import shutil
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from sentinel_orchestration.feeds.openable import BatchRefusedError
from sentinel_orchestration.lake import bronze as bronze_module
from sentinel_orchestration.lake.batches import BatchRecord, Bronze
from sentinel_orchestration.lake.bronze import receive_file
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.settings import Settings

Rows = dict[str, pl.DataFrame]
HandIn = Callable[..., Path]


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below a folder with its time and content."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def kept(lake: Lake, feed: str, record: BatchRecord) -> pl.DataFrame:
    bronze = lake.bronze(feed)
    return pl.concat([pl.read_parquet(p) for day in record.rows_by_day for p in bronze.pieces(day, record)])


def test_a_file_of_many_days_lands_in_its_days(lake: Lake, hand_in: HandIn, fleet_rows: Rows) -> None:
    rows = fleet_rows["telemetry"].sample(fraction=1, shuffle=True, seed=1)
    hand_in("telemetry", rows)
    (record,) = lake.receive("telemetry")
    by_day = rows.group_by(pl.col("ts").dt.date().cast(pl.String)).len()
    assert record.rows_by_day == dict(by_day.iter_rows())
    assert record.rows == rows.height
    for day in record.rows_by_day:
        for piece in lake.bronze("telemetry").pieces(day, record):
            assert pl.read_parquet(piece)["ts"].dt.date().unique().to_list() == [date.fromisoformat(day)]
    assert kept(lake, "telemetry", record).sort("_row").drop("_row").equals(rows)


def test_receiving_again_changes_nothing(lake: Lake, settings: Settings, hand_in: HandIn, fleet_rows: Rows) -> None:
    hand_in("telemetry", fleet_rows["telemetry"])
    hand_in("sites", fleet_rows["sites"], "a.csv")
    first = [lake.receive(feed) for feed in ("telemetry", "sites")]
    before = tree(settings.bronze_dir)
    assert [lake.receive(feed) for feed in ("telemetry", "sites")] == first
    assert tree(settings.bronze_dir) == before


def test_the_same_content_under_another_name_is_the_same_batch(
    lake: Lake, settings: Settings, hand_in: HandIn, fleet_rows: Rows
) -> None:
    path = hand_in("sites", fleet_rows["sites"], hour=10)
    (first,) = lake.receive("sites")
    hand_in("sites", fleet_rows["sites"], "copy.parquet", hour=11)
    assert {record.batch_id for record in lake.receive("sites")} == {first.batch_id}
    assert [record.received_at for record in lake.active("sites")[""]] == [first.received_at]
    path.unlink()
    lake.receive("sites")
    assert [record.source_file for record in lake.active("sites")[""]] == ["copy.parquet"]
    assert len(list((settings.bronze_dir / "sites").glob("*.parquet"))) == 1


def test_files_alike_in_name_size_and_time_are_told_apart(lake: Lake, hand_in: HandIn, fleet_rows: Rows) -> None:
    sites = fleet_rows["sites"].with_columns(site_id=pl.lit("A")).head(1)
    hand_in("sites", sites, "one/part-0.csv", hour=10)
    hand_in("sites", sites.with_columns(site_id=pl.lit("B")), "two/part-0.csv", hour=10)
    for _ in range(2):
        assert [record.source_file for record in lake.receive("sites")] == ["one/part-0.csv", "two/part-0.csv"]
    assert len(lake.active("sites")[""]) == 2
    (lake.settings.inbox_dir / "sites/one/part-0.csv").unlink()
    assert [record.source_file for record in lake.active("sites")[""]] == ["two/part-0.csv"]


def test_a_record_tells_where_a_batch_came_from(lake: Lake, hand_in: HandIn, fleet_rows: Rows) -> None:
    path = hand_in("sites", fleet_rows["sites"].with_columns(note=pl.lit("x"), area=1.5), "a.csv")
    (record,) = lake.receive("sites")
    assert (record.feed, record.source, record.source_file, record.size) == (
        "sites", "inbox", "a.csv", path.stat().st_size,
    )  # fmt: skip
    assert record.sha256.startswith(record.batch_id)
    assert record.extra_columns == ("note", "area")
    assert set(kept(lake, "sites", record).columns) == {*fleet_rows["sites"].columns, "note", "area", "_row"}
    assert lake.bronze("sites").get(record.batch_id) == record


def test_undated_and_implausible_rows_travel_with_the_first_dated_row(
    lake: Lake, hand_in: HandIn, fleet_rows: Rows
) -> None:
    rows = fleet_rows["telemetry"].head(4).with_columns(
        ts=pl.Series(["", "soon", "1970-01-01 00:00", "2025-03-03T10:00Z"])
    )  # fmt: skip
    hand_in("telemetry", rows, "a.csv")
    (record,) = lake.receive("telemetry")
    assert record.rows_by_day == {"2025-03-03": 4}


def test_a_file_without_any_date_goes_to_the_day_of_receipt(lake: Lake, hand_in: HandIn, fleet_rows: Rows) -> None:
    hand_in("telemetry", fleet_rows["telemetry"].head(2).with_columns(ts=pl.lit(None, pl.Datetime)))
    (record,) = lake.receive("telemetry")
    assert record.rows_by_day == {record.received_at.date().isoformat(): 2}


@pytest.mark.parametrize("clash", ["_row", "_day", "_order", "_received_at", "_path"])
def test_a_column_with_a_name_of_ours_is_refused(lake: Lake, hand_in: HandIn, fleet_rows: Rows, clash: str) -> None:
    hand_in("sites", fleet_rows["sites"].with_columns(pl.lit(1).alias(clash)))
    (record,) = lake.receive("sites")
    assert record.refused_because == f"rows.parquet: column {clash} has a name Sentinel uses. Rename it."


def test_a_refused_file_is_kept_whole_with_its_reason(lake: Lake, hand_in: HandIn, fleet_rows: Rows) -> None:
    text = fleet_rows["telemetry"].write_csv().encode() + b"caf\xe9" + b",1" * 7 + b"\n"
    path = hand_in("telemetry", fleet_rows["telemetry"], "a.csv")
    path.write_bytes(text)
    lake = Lake(lake.settings.model_copy(update={"gate_chunk_rows": 50}), lake.as_of)
    (record,) = lake.receive("telemetry")
    assert "a.csv" in (record.refused_because or "")
    bronze = lake.bronze("telemetry")
    assert bronze.refused_file(record.batch_id, ".csv").read_bytes() == text
    assert list(bronze.folder.rglob("*.parquet")) == []
    assert json.loads((bronze.folder / f"_batches/{record.batch_id}.json").read_text())["refused_because"]
    assert lake.active("telemetry") == {}


def test_a_refused_file_is_tried_again(
    lake: Lake, hand_in: HandIn, fleet_rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in("sites", fleet_rows["sites"])

    def refuse(*_: object) -> list[str]:
        raise BatchRefusedError("rows.parquet: an older contract did not know it.")

    with monkeypatch.context() as older:
        older.setattr(bronze_module, "check_shape", refuse)
        (refused,) = lake.receive("sites")
    assert refused.refused_because
    (accepted,) = lake.receive("sites")
    assert accepted.refused_because is None
    assert accepted.rows == fleet_rows["sites"].height
    assert not list((lake.bronze("sites").folder / "_refused").iterdir())


def test_killed_before_its_record_a_batch_is_not_received(
    lake: Lake, hand_in: HandIn, fleet_rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = hand_in("telemetry", fleet_rows["telemetry"])
    bronze = lake.bronze("telemetry")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as power_cut:
        power_cut.setattr(Bronze, "record", killed)
        with pytest.raises(KeyboardInterrupt):
            receive_file(bronze, path, datetime(2026, 1, 1), chunk_rows=40)
    assert list(bronze.folder.rglob("*.parquet"))
    assert lake.active("telemetry") == {}
    (record,) = lake.receive("telemetry")  # in larger chunks than before: the pieces left over do not count
    assert kept(lake, "telemetry", record).height == record.rows == fleet_rows["telemetry"].height


def test_simulated_batches_are_made_once(lake: Lake, settings: Settings, fleet_rows: Rows) -> None:
    records = [record for feed in ("telemetry", "sites") for record in lake.receive(feed)]
    assert len(records) == settings.days + 1
    assert kept(lake, "sites", records[-1]).drop("_row").equals(fleet_rows["sites"])
    before = tree(settings.bronze_dir)
    assert [record for feed in ("telemetry", "sites") for record in lake.receive(feed)] == records
    assert tree(settings.bronze_dir) == before


def test_simulated_days_are_received_one_by_one(lake: Lake) -> None:
    lake.receive("telemetry", iter(["2025-03-03"]))
    assert list(lake.active("telemetry")) == ["2025-03-03"]
    lake.receive("telemetry", ["2025-03-02", "1999-01-01"])
    assert list(lake.active("telemetry")) == ["2025-03-02", "2025-03-03"]
    assert lake.event_days() == ["2025-03-02", "2025-03-03", "2025-03-04"]


def test_the_partial_hour_of_a_day_is_replaced_later(lake: Lake) -> None:
    (*_, whole, partial) = lake.receive("telemetry")
    later = Lake(lake.settings, lake.as_of + timedelta(hours=5))
    (*_, same, fuller) = later.receive("telemetry")
    assert same == whole
    assert fuller.rows > partial.rows
    assert [r.batch_id for r in later.active("telemetry")["2025-03-04"]] == [fuller.batch_id]
    shutil.rmtree(lake.settings.bronze_dir)
    assert [r.batch_id for r in later.receive("telemetry")][-1] == fuller.batch_id
