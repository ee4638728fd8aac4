"""Receiving: whole or not at all, once, each row in its day, and what is refused is kept with the reason."""

import json
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from sentinel_orchestration.feeds import inbox as inbox_module
from sentinel_orchestration.feeds.inbox import Inbox
from sentinel_orchestration.feeds.openable import BatchRefusedError
from sentinel_orchestration.feeds.source import BatchRecord
from sentinel_orchestration.lake import bronze as bronze_module
from sentinel_orchestration.lake.bronze import Bronze
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.settings import Settings

Rows = dict[str, pl.DataFrame]
Submit = Callable[..., Path]


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below a folder with its time and content."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def kept(lake: Lake, feed: str, record: BatchRecord) -> pl.DataFrame:
    bronze = lake.bronze(feed)
    return pl.concat([pl.read_parquet(p) for day in record.rows_by_day for p in bronze.pieces(day, record)])


def test_a_record_of_an_earlier_version_is_still_read(lake: Lake, submit: Submit, fleet_rows: Rows) -> None:
    submit("sites", fleet_rows["sites"])
    (record,) = lake.receive("sites")
    (path,) = (lake.bronze("sites").folder / "_batches").glob("*.json")
    newer = (
        "receipt",
        "newest",
        "changed_ns",
        "looked_at_ns",
        "replaces",
        "reason",
        "mapping",
        "cursor",
        "later_is_newer",
    )
    body = {name: value for name, value in json.loads(path.read_text()).items() if name not in newer}
    path.write_text(json.dumps(body))
    assert lake.bronze("sites").get(record.batch_id).rows == record.rows


def test_a_file_of_many_days_lands_in_its_days(lake: Lake, submit: Submit, fleet_rows: Rows) -> None:
    rows = fleet_rows["telemetry"].sample(fraction=1, shuffle=True, seed=1)
    submit("telemetry", rows)
    (record,) = lake.receive("telemetry")
    by_day = rows.group_by(pl.col("ts").dt.date().cast(pl.String)).len()
    assert record.rows_by_day == dict(by_day.iter_rows())
    assert record.rows == rows.height
    for day in record.rows_by_day:
        for piece in lake.bronze("telemetry").pieces(day, record):
            assert pl.read_parquet(piece)["ts"].dt.date().unique().to_list() == [date.fromisoformat(day)]
    assert kept(lake, "telemetry", record).sort("_row").drop("_row").equals(rows)


def test_receiving_again_changes_nothing(
    lake: Lake, settings: Settings, submit: Submit, fleet_rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit("telemetry", fleet_rows["telemetry"])
    submit("sites", fleet_rows["sites"], "a.csv")
    monkeypatch.setattr(inbox_module, "SETTLED_NS", -(10**12))  # as if the files had been there for long
    first = [lake.receive(feed) for feed in ("telemetry", "sites")]
    before = tree(settings.layout.bronze)
    assert [lake.receive(feed) for feed in ("telemetry", "sites")] == first
    assert tree(settings.layout.bronze) == before


def test_the_same_content_under_another_name_is_the_same_batch(
    lake: Lake, settings: Settings, submit: Submit, fleet_rows: Rows
) -> None:
    path = submit("sites", fleet_rows["sites"], hour=10)
    (first,) = lake.receive("sites")
    submit("sites", fleet_rows["sites"], "copy.parquet", hour=11)
    assert {record.batch_id for record in lake.receive("sites")} == {first.batch_id}
    assert [record.received_at for record in lake.active("sites")[""]] == [first.received_at]
    path.unlink()
    lake.receive("sites")
    assert [record.source_file for record in lake.active("sites")[""]] == ["copy.parquet"]
    assert len(list((settings.layout.bronze / "sites").glob("*.parquet"))) == 1


def test_files_alike_in_name_size_and_time_are_kept_apart(lake: Lake, submit: Submit, fleet_rows: Rows) -> None:
    sites = fleet_rows["sites"].with_columns(site_id=pl.lit("A")).head(1)
    submit("sites", sites, "one/part-0.csv", hour=10)
    submit("sites", sites.with_columns(site_id=pl.lit("B")), "two/part-0.csv", hour=10)
    for _ in range(2):
        assert [record.source_file for record in lake.receive("sites")] == ["one/part-0.csv", "two/part-0.csv"]
    assert len(lake.active("sites")[""]) == 2
    (lake.layout.inbox / "sites/one/part-0.csv").unlink()
    lake.receive("sites")
    assert [record.source_file for record in lake.active("sites")[""]] == ["two/part-0.csv"]


def test_a_record_says_where_a_batch_came_from(lake: Lake, submit: Submit, fleet_rows: Rows) -> None:
    path = submit("sites", fleet_rows["sites"].with_columns(note=pl.lit("x"), area=1.5), "a.csv")
    (record,) = lake.receive("sites")
    assert (record.feed, record.source, record.source_file, record.size) == (
        "sites", "inbox", "a.csv", path.stat().st_size,
    )  # fmt: skip
    assert record.sha256.startswith(record.batch_id)
    assert record.extra_columns == ("note", "area")
    assert set(kept(lake, "sites", record).columns) == {*fleet_rows["sites"].columns, "note", "area", "_row"}
    assert lake.bronze("sites").get(record.batch_id) == record


def test_undated_and_implausible_rows_travel_with_the_first_dated_row(
    lake: Lake, submit: Submit, fleet_rows: Rows
) -> None:
    rows = fleet_rows["telemetry"].head(4).with_columns(
        ts=pl.Series(["", "soon", "1970-01-01 00:00", "2025-03-03T10:00Z"])
    )  # fmt: skip
    submit("telemetry", rows, "a.csv")
    (record,) = lake.receive("telemetry")
    assert record.rows_by_day == {"2025-03-03": 4}


def test_a_file_without_any_date_goes_to_the_day_of_receipt(lake: Lake, submit: Submit, fleet_rows: Rows) -> None:
    submit("telemetry", fleet_rows["telemetry"].head(2).with_columns(ts=pl.lit(None, pl.Datetime)))
    (record,) = lake.receive("telemetry")
    assert record.rows_by_day == {record.received_at.date().isoformat(): 2}


@pytest.mark.parametrize("clash", ["_row", "_day", "_order", "_received_at", "_path"])
def test_a_column_with_a_name_of_ours_is_refused(lake: Lake, submit: Submit, fleet_rows: Rows, clash: str) -> None:
    submit("sites", fleet_rows["sites"].with_columns(pl.lit(1).alias(clash)))
    (record,) = lake.receive("sites")
    assert record.refused_because == f"rows.parquet: column {clash} has a name Sentinel uses. Rename it."


def test_a_refused_file_is_kept_whole_with_its_reason(lake: Lake, submit: Submit, fleet_rows: Rows) -> None:
    text = fleet_rows["telemetry"].write_csv().encode() + b"caf\xe9" + b",1" * 7 + b"\n"
    path = submit("telemetry", fleet_rows["telemetry"], "a.csv")
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
    lake: Lake, submit: Submit, fleet_rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit("sites", fleet_rows["sites"])

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
    lake: Lake, submit: Submit, fleet_rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = submit("telemetry", fleet_rows["telemetry"])
    bronze = lake.bronze("telemetry")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as power_cut:
        power_cut.setattr(Bronze, "update", killed)
        with pytest.raises(KeyboardInterrupt):
            Inbox(lake.layout.inbox, chunk_rows=40).submit(bronze, path)
    assert list(bronze.folder.rglob("*.parquet"))
    assert lake.active("telemetry") == {}
    (record,) = lake.receive("telemetry")  # in larger chunks than before: the pieces left over do not count
    assert kept(lake, "telemetry", record).height == record.rows == fleet_rows["telemetry"].height


def test_simulated_batches_are_made_once(lake: Lake, settings: Settings, fleet_rows: Rows) -> None:
    records = [record for feed in ("telemetry", "sites") for record in lake.receive(feed)]
    assert len(records) == settings.days + 1
    assert kept(lake, "sites", records[-1]).drop("_row").equals(fleet_rows["sites"])
    before = tree(settings.layout.bronze)
    assert [record for feed in ("telemetry", "sites") for record in lake.receive(feed)] == records
    assert tree(settings.layout.bronze) == before


def test_simulated_days_are_received_one_by_one(lake: Lake) -> None:
    lake.receive("telemetry", iter(["2025-03-03"]))
    assert list(lake.active("telemetry")) == ["2025-03-03"]
    lake.receive("telemetry", ["2025-03-02", "1999-01-01"])
    assert list(lake.active("telemetry")) == ["2025-03-02", "2025-03-03"]


def test_the_partial_hour_of_a_day_is_replaced_later(lake: Lake) -> None:
    (*_, whole, partial) = lake.receive("telemetry")
    later = Lake(lake.settings, lake.as_of + timedelta(hours=5))
    (*_, same, fuller) = later.receive("telemetry")
    assert same == whole
    assert fuller.rows > partial.rows
    assert [r.batch_id for r in later.active("telemetry")["2025-03-04"]] == [fuller.batch_id]
    shutil.rmtree(lake.layout.bronze)
    assert [r.batch_id for r in later.receive("telemetry")][-1] == fuller.batch_id
