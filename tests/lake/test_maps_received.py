"""Files with other names, spellings, units and local times go through receive and gate under a map, and again when it changes."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from sentinel_orchestration.contracts.mapping_file import MappingError
from sentinel_orchestration.feeds.source import BatchRecord
from sentinel_orchestration.lake.counts import DayCounts
from sentinel_orchestration.lake.history import read_history, update_history
from sentinel_orchestration.lake.pinned import PinnedLake
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.silver import gate_feed
from sentinel_orchestration.settings import Settings

Rows = dict[str, pl.DataFrame]
Submit = Callable[..., Path]
Refresh = Callable[..., list[DayCounts]]
Read = Callable[..., pl.DataFrame]
DAYS = ["2025-03-02", "2025-03-03", "2025-03-04"]
TELEMETRY = """
columns:
  tower_id:       { join: [site, unit], separator: "-" }
  ts:             { physicalName: time, timeZone: America/Denver }
  ambient_temp_c: { physicalName: temp_f, factor: 5/9, offset: -160/9 }
"""
DETECTIONS = """
columns:
  detected_at:   { timeZone: America/Denver }
  target_class:  { physicalName: class, values: { uas: UAS, car: vehicle } }
  auto_resolved: { values: { J: true, N: false } }
  site_id:       { constant: SITE-001 }
"""


@pytest.fixture
def write_map(settings: Settings) -> Callable[[str, str], Lake]:
    """Writes the map of a feed, and gives the lake of a new run, which sees it."""

    def write(feed: str, text: str) -> Lake:
        path = settings.layout.mappings / f"{feed}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        assert settings.as_of
        return Lake(settings, settings.as_of)

    return write


def in_denver(column: str) -> pl.Expr:
    local = pl.col(column).dt.replace_time_zone("UTC").dt.convert_time_zone("America/Denver")
    return local.dt.replace_time_zone(None).dt.strftime("%Y-%m-%d %H:%M:%S%.6f")


def strangers_telemetry(rows: pl.DataFrame) -> pl.DataFrame:
    """The telemetry of a stranger: an id in two parts, Denver's clocks, °F, a column of its own."""
    parts = pl.col("tower_id").str.split_exact("-", 1)
    return rows.select(
        parts.struct[0].alias("site"),
        parts.struct[1].alias("unit"),
        in_denver("ts").alias("time"),
        (pl.col("ambient_temp_c") * 9 / 5 + 32).alias("temp_f"),
        pl.exclude("tower_id", "ts", "ambient_temp_c"),
        note=pl.lit("x"),
    )


def strangers_detections(rows: pl.DataFrame) -> pl.DataFrame:
    words = {"UAS": "uas", "vehicle": "car"}
    return rows.select(
        pl.exclude("target_class", "site_id", "detected_at", "auto_resolved"),
        in_denver("detected_at").alias("detected_at"),
        pl.col("target_class").replace(words).alias("class"),
        pl.when("auto_resolved").then(pl.lit("J")).otherwise(pl.lit("N")).alias("auto_resolved"),
    )


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet", "rows.jsonl"])
def test_a_strangers_files_become_the_rows_they_mean(
    name: str, write_map: Callable[[str, str], Lake], submit: Submit, refresh: Refresh, silver: Read, fleet_rows: Rows
) -> None:
    for feed in ("sites", "towers"):
        submit(feed, fleet_rows[feed])
    detections = fleet_rows["detections"].with_columns(site_id=pl.lit("SITE-001"))
    submit("telemetry", strangers_telemetry(fleet_rows["telemetry"]), name)
    submit("detections", strangers_detections(detections), name)
    write_map("telemetry", TELEMETRY)
    lake = write_map("detections", DETECTIONS.replace("SITE-001", fleet_rows["sites"]["site_id"][0]))
    detections = detections.with_columns(site_id=pl.lit(fleet_rows["sites"]["site_id"][0]))

    for feed, expected, key in (
        ("telemetry", fleet_rows["telemetry"], ["tower_id", "ts"]),
        ("detections", detections, ["detection_id"]),
    ):
        counts = refresh(lake, "sites", "towers", feed)
        assert [c.day for c in counts] == DAYS
        assert sum(c.good for c in counts) == sum(c.received for c in counts) == expected.height
        found, wanted = silver(feed).sort(key), expected.sort(key)
        numbers = [name for name, dtype in wanted.schema.items() if dtype.is_float()]
        assert found.drop(numbers).equals(wanted.select(found.columns).drop(numbers))
        assert found["ambient_temp_c" if feed == "telemetry" else "range_m"].to_list() == pytest.approx(
            wanted["ambient_temp_c" if feed == "telemetry" else "range_m"].to_list()
        )
    (record,) = lake.bronze("telemetry").active()
    (piece, *_) = lake.bronze("telemetry").pieces(DAYS[0], record)
    assert {"site", "unit", "time", "temp_f", "note", "_row"} < set(pl.read_parquet(piece).columns)  # as received
    assert record.extra_columns == ("note",)


def test_without_its_map_the_file_is_refused_and_with_it_taken(
    lake: Lake, write_map: Callable[[str, str], Lake], submit: Submit, fleet_rows: Rows
) -> None:
    submit("telemetry", strangers_telemetry(fleet_rows["telemetry"]))
    (refused,) = lake.receive("telemetry")
    assert "column tower_id, ts, ambient_temp_c is missing" in (refused.refused_because or "")
    (taken,) = write_map("telemetry", TELEMETRY).receive("telemetry")
    assert taken.refused_because is None
    assert taken.sha256 == refused.sha256


def test_a_changed_map_computes_days_and_rows_again(
    write_map: Callable[[str, str], Lake], submit: Submit, refresh: Refresh, silver: Read, fleet_rows: Rows
) -> None:
    for feed in ("sites", "towers"):
        submit(feed, fleet_rows[feed])
    submit("telemetry", strangers_telemetry(fleet_rows["telemetry"]))
    wrong = write_map("telemetry", TELEMETRY.replace("America/Denver", "Asia/Tokyo"))
    before = refresh(wrong, "sites", "towers", "telemetry")
    assert [c.day for c in before] == ["2025-03-01", *DAYS[:2]]  # read as Tokyo's clocks, they are 16 hours early
    (first,) = wrong.bronze("telemetry").active()

    right = write_map("telemetry", TELEMETRY)
    after = refresh(right, "telemetry")

    assert [c.day for c in after] == DAYS
    assert sorted(right.layout.silver_files("telemetry")) == DAYS
    assert {c.version for c in before}.isdisjoint(c.version for c in after)
    assert silver("telemetry").sort("tower_id", "ts")["ts"].equals(fleet_rows["telemetry"].sort("tower_id", "ts")["ts"])
    (second,) = right.bronze("telemetry").active()
    assert second.batch_id != first.batch_id
    assert (second.receipt, second.received_at) == (first.receipt, first.received_at)  # it came when it came
    assert refresh(write_map("telemetry", f"# the same in other words\n{TELEMETRY}"), "telemetry") == after


def test_a_run_keeps_to_the_map_that_it_received_under(
    write_map: Callable[[str, str], Lake], submit: Submit, refresh: Refresh, silver: Read, fleet_rows: Rows
) -> None:
    """The map is edited between the two steps of a run: what was received is gated as it was received."""
    for feed in ("sites", "towers"):
        submit(feed, fleet_rows[feed])
    submit("telemetry", strangers_telemetry(fleet_rows["telemetry"]))
    refresh(write_map("telemetry", TELEMETRY), "sites", "towers", "telemetry")
    expected = silver("telemetry")
    edited = write_map("telemetry", TELEMETRY.replace("America/Denver", "Asia/Tokyo"))
    gate_feed(edited, "telemetry")
    assert silver("telemetry").equals(expected)


def test_a_release_comes_out_again_whatever_became_of_the_map(
    write_map: Callable[[str, str], Lake], submit: Submit, refresh: Refresh, fleet_rows: Rows, tmp_path: Path
) -> None:
    for feed in ("sites", "towers"):
        submit(feed, fleet_rows[feed])
    submit("telemetry", strangers_telemetry(fleet_rows["telemetry"]))
    lake = write_map("telemetry", TELEMETRY)
    counts = refresh(lake, "sites", "towers", "telemetry")
    batches = {feed: [record.batch_id for record in lake.bronze(feed).active()] for feed in lake.contracts}
    refresh(write_map("telemetry", TELEMETRY.replace("5/9", "1")), "telemetry")
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"batches": batches}), encoding="utf-8")
    pinned = PinnedLake(lake.settings, lake.as_of, manifest)
    assert [c.version for c in gate_feed(pinned, "telemetry")] == [c.version for c in counts]


def test_a_map_that_cannot_be_used_stops_before_anything_is_received(
    write_map: Callable[[str, str], Lake], submit: Submit, fleet_rows: Rows
) -> None:
    submit("telemetry", fleet_rows["telemetry"])
    with pytest.raises(MappingError, match=r"mappings/telemetry\.yaml: columns\.tower: telemetry has no such column"):
        write_map("telemetry", "columns: { tower: { physicalName: a } }").receive("telemetry")
    with pytest.raises(
        MappingError, match=r"telemetrie\.yaml: no feed is called telemetrie\. Did you mean telemetry\?"
    ):
        write_map("telemetrie", TELEMETRY).receive("telemetry")


def test_simulated_rows_get_no_map(
    lake: Lake, write_map: Callable[[str, str], Lake], refresh: Refresh, silver: Read
) -> None:
    plain = refresh(lake, "sites", "towers", "telemetry")
    mapped = write_map("telemetry", "columns: { ts: { timeZone: Asia/Tokyo }, cpu_pct: { factor: 0.5 } }")
    assert refresh(mapped, "sites", "towers", "telemetry") == plain


def test_two_maps_may_be_gated_together(
    write_map: Callable[[str, str], Lake], submit: Submit, refresh: Refresh, fleet_rows: Rows
) -> None:
    """A key that came under its own name and joined from parts is one key, and the newer one stays."""
    for feed in ("sites", "towers"):
        submit(feed, fleet_rows[feed])
    submit("telemetry", fleet_rows["telemetry"].with_columns(cpu_pct=1.0), "a.parquet")
    submit("telemetry", strangers_telemetry(fleet_rows["telemetry"].with_columns(cpu_pct=2.0)), "b.csv")
    counts = refresh(write_map("telemetry", TELEMETRY), "sites", "towers", "telemetry")
    height = fleet_rows["telemetry"].height
    assert sum(c.good for c in counts) == sum(c.superseded for c in counts) == height


def test_a_detection_that_moves_to_another_day_is_found_under_its_mapped_key(
    write_map: Callable[[str, str], Lake], submit: Submit, refresh: Refresh, silver: Read, fleet_rows: Rows
) -> None:
    for feed in ("sites", "towers"):
        submit(feed, fleet_rows[feed])
    rows = fleet_rows["detections"].filter(pl.col("detected_at").dt.day() == 3).head(1)
    (key,) = rows["detection_id"]
    lake = write_map("detections", "columns: { detection_id: { physicalName: id } }")
    submit("detections", rows.rename({"detection_id": "id"}), "a.parquet")
    refresh(lake, "sites", "towers", "detections")
    moved = rows.with_columns(pl.col("detected_at") + pl.duration(days=1))
    submit("detections", moved, "b.parquet")
    counts = refresh(lake, "detections")
    assert [(c.day, c.good, c.superseded) for c in counts] == [("2025-03-03", 0, 1), ("2025-03-04", 1, 0)]
    assert silver("detections")["detection_id"].to_list() == [key]


def test_history_reads_what_the_map_reads_and_forgets_the_map_before(
    write_map: Callable[[str, str], Lake], submit: Submit, fleet_rows: Rows
) -> None:
    towers = fleet_rows["towers"].head(1).with_columns(firmware_version=pl.lit("4.0"))
    odd = towers.rename({"firmware_version": "fw", "tower_id": "id"}).with_columns(other=pl.lit("9"))
    submit("towers", odd)

    def history(text: str) -> list[tuple[str, str, str, date]]:
        lake = write_map("towers", text)
        lake.receive("towers")
        update_history(lake, lake.contracts["towers"])
        return read_history(lake, "towers").rows()

    today = datetime.now().astimezone().date()
    names = "tower_id: { physicalName: id }, firmware_version: { physicalName: %s }"
    (tower,) = towers["tower_id"]
    first = history(f"columns: {{ {names % 'other'} }}")
    second = history(f"columns: {{ {names % 'fw'} }}")
    assert [row[:3] for row in first] == [(tower, "firmware_version", "9")]
    assert [row[:3] for row in second] == [(tower, "firmware_version", "4.0")]
    assert abs((second[0][3] - today).days) <= 1


def test_an_old_record_without_a_map_is_read(lake: Lake, submit: Submit, fleet_rows: Rows) -> None:
    submit("sites", fleet_rows["sites"])
    (record,) = lake.receive("sites")
    path = lake.bronze("sites").folder / "_batches" / f"{record.batch_id}.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"mapping": "",\n', ""), encoding="utf-8")
    found: BatchRecord = lake.bronze("sites").get(record.batch_id)
    assert found == replace(record, mapping="")
