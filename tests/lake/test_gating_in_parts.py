"""Whether rows are gated together, in small chunks, a day at a time or an hour later: the same rows come out."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import polars as pl

from sentinel_orchestration.lake.counts import DayCounts
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.silver import gate_feed
from sentinel_orchestration.settings import Settings, window_days

Refresh = Callable[..., list[DayCounts]]
Content = dict[str, pl.DataFrame]


def content(root: Path) -> Content:
    """Every file below silver or quarantine, without the moment of receipt."""
    paths = sorted(root.glob("**/part.parquet"))
    frames = {str(path.relative_to(root)): pl.read_parquet(path, hive_partitioning=False) for path in paths}
    return {name: frame.drop("_received_at", strict=False) for name, frame in frames.items()}


def assert_equal(one: Content, other: Content) -> None:
    assert one.keys() == other.keys()
    for name, frame in one.items():
        assert frame.equals(other[name]), name


def test_small_chunks_give_equal_results(
    tmp_path: Path, settings: Settings, refresh: Refresh, fleet_rows: Content
) -> None:
    rows = fleet_rows["telemetry"].with_columns(
        cpu_pct=pl.when(pl.int_range(pl.len()) % 50 == 7).then(-1.0).otherwise("cpu_pct")
    )
    results = []
    for chunk_rows in (1_000_000, 100):
        home = tmp_path / str(chunk_rows)
        (home / "inbox/telemetry").mkdir(parents=True)
        pl.concat([rows, rows.head(30).with_columns(mem_pct=1.0)]).write_csv(home / "inbox/telemetry/a.csv")
        lake = Lake(Settings(**settings.model_dump() | {"home": home, "gate_chunk_rows": chunk_rows}), settings.as_of)
        counts = [refresh(lake, feed) for feed in lake.contracts]
        results.append((counts, content(lake.layout.silver), content(lake.layout.quarantine)))
    (whole, silver, quarantine), (chunked, silver_chunked, quarantine_chunked) = results
    assert whole == chunked
    assert len(quarantine) > 0
    assert_equal(silver, silver_chunked)
    assert_equal(quarantine, quarantine_chunked)


def test_days_one_by_one_in_any_order_give_equal_results(tmp_path: Path, settings: Settings, refresh: Refresh) -> None:
    results = []
    for order in (None, -1, 1):
        lake = Lake(Settings(**settings.model_dump() | {"home": tmp_path / str(order)}), settings.as_of)
        for feed, contract in lake.contracts.items():
            if order is None or contract.kind == "snapshot":
                refresh(lake, feed)
                continue
            for day in window_days(lake.as_of, lake.settings.days)[::order]:
                lake.receive(feed, [day])
                gate_feed(lake, feed, [day])
        results.append(content(lake.layout.silver))
    assert_equal(results[0], results[1])
    assert_equal(results[0], results[2])


def test_a_day_is_gated_alone(lake: Lake, refresh: Refresh, settings: Settings) -> None:
    refresh(lake, "sites", "towers")
    lake.receive("telemetry")
    (counts,) = gate_feed(lake, "telemetry", iter(["2025-03-03", "1999-01-01"]))
    assert counts.day == "2025-03-03"
    assert [path.name for path in (settings.layout.silver / "telemetry").iterdir()] == ["day=2025-03-03"]


def test_a_later_hour_reaches_what_a_build_of_that_hour_gives(
    tmp_path: Path, lake: Lake, settings: Settings, refresh: Refresh
) -> None:
    later = Lake(settings, lake.as_of + timedelta(hours=30))
    fresh = Lake(Settings(**settings.model_dump() | {"home": tmp_path / "fresh"}), later.as_of)
    for given in (lake, later, fresh):
        refresh(given, *given.contracts)
    assert_equal(content(later.layout.silver), content(fresh.layout.silver))
