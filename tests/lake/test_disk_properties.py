"""What holds for any files whatever, on disk: no row is lost, silver submitted again stays, receipt order does not matter."""

import itertools
import os
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zlib import crc32

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel_orchestration.lake.counts import DayCounts
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.silver import gate_feed
from sentinel_orchestration.settings import Settings

AS_OF = datetime(2025, 3, 4, 12)
USUAL = {
    "mem_pct": 1.0, "sensor_health_score": 1.0, "comms_uptime_min": 1.0, "power_watts": 1.0, "ambient_temp_c": 1.0
}  # fmt: skip
TYPES = {"tower_id": pl.String, "ts": pl.Datetime("us"), "cpu_pct": pl.Float64, **dict.fromkeys(USUAL, pl.Float64)}
moments = st.sampled_from([datetime(2025, 3, 2, 23), datetime(2025, 3, 3), datetime(1999, 1, 1), None])
readings = st.fixed_dictionaries(
    {
        "tower_id": st.sampled_from(["TWR-0001", "TWR-0002", "TWR-9999", None]),
        "ts": moments,
        "cpu_pct": st.sampled_from([0.0, -0.0, 50.0, 101.0, float("nan"), None]),
    }
).map(lambda reading: reading | USUAL)
rows_of_files = st.lists(st.lists(readings, min_size=1, max_size=8), min_size=1, max_size=3)
few = settings(max_examples=25)
numbers = itertools.count()
Rows = list[dict[str, object]]


@pytest.fixture(scope="module")
def towers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose silver holds the sites and towers that readings refer to."""
    home = tmp_path_factory.mktemp("properties")
    lake = Lake(Settings(home=home, as_of=AS_OF, sites=2, towers=2, days=1), AS_OF)
    for feed in ("sites", "towers"):
        lake.receive(feed)
        gate_feed(lake, feed)
    return home


def fresh_lake(towers: Path) -> Lake:
    home = towers / str(next(numbers))
    shutil.copytree(towers / "data/silver", home / "data/silver")
    return Lake(Settings(home=home, as_of=AS_OF, sites=2, towers=2, days=1), AS_OF)


def received(lake: Lake, files: Sequence[tuple[str, Rows]]) -> list[DayCounts]:
    """Submits the files, oldest first, and gates them."""
    folder = lake.layout.inbox / "telemetry"
    folder.mkdir(parents=True)
    for hour, (name, rows) in enumerate(files, start=1):
        pl.DataFrame(rows, schema=TYPES, orient="row").write_parquet(folder / name)
        os.utime(folder / name, (hour * 3600, hour * 3600))
    assert all(record.refused_because is None for record in lake.receive("telemetry"))
    return gate_feed(lake, "telemetry")


def on_disk(root: Path) -> pl.DataFrame:
    paths = sorted((root / "telemetry").glob("**/part.parquet"))
    frames = [pl.read_parquet(path, hive_partitioning=False) for path in paths]
    return pl.concat(frames) if frames else pl.DataFrame()


@few
@given(files=rows_of_files)
def test_rows_submitted_are_the_rows_on_disk_and_the_duplicates(towers: Path, files: list[Rows]) -> None:
    lake = fresh_lake(towers)
    counts = received(lake, [(f"{n}.parquet", rows) for n, rows in enumerate(files)])
    distinct_files = {str(rows): len(rows) for rows in files}  # equal content is one batch
    duplicates = sum(c.duplicates for c in counts)
    good, rejected = on_disk(lake.layout.silver), on_disk(lake.layout.quarantine)
    assert sum(distinct_files.values()) == sum(c.received for c in counts)
    assert sum(c.received for c in counts) == good.height + rejected.height + duplicates
    if rejected.height:
        assert rejected.select("_source_file", "_row", "_rules").null_count().row(0) == (0, 0, 0)
        assert not rejected.select("_source_file", "_row").is_duplicated().any()


@few
@given(files=rows_of_files)
def test_silver_submitted_is_silver(towers: Path, files: list[Rows]) -> None:
    first, again = fresh_lake(towers), fresh_lake(towers)
    received(first, [(f"{n}.parquet", rows) for n, rows in enumerate(files)])
    good = on_disk(first.layout.silver)
    if good.is_empty():
        return
    counts = received(again, [("silver.parquet", good.to_dicts())])
    assert on_disk(again.layout.silver).equals(good)
    assert sum(c.good for c in counts) == good.height == sum(c.received for c in counts)


@few
@given(rows=st.lists(readings, min_size=1, max_size=20), order=st.permutations(range(3)))
def test_files_without_a_key_in_common_may_come_in_any_order(towers: Path, rows: Rows, order: list[int]) -> None:
    shares: dict[int, Rows] = {}
    for row in rows:
        shares.setdefault(crc32(f"{row['tower_id']} {row['ts']}".encode()) % 3, []).append(row)
    one, other = fresh_lake(towers), fresh_lake(towers)
    received(one, [(f"{n}.parquet", shares[n]) for n in range(3) if n in shares])
    received(other, [(f"{n}.parquet", shares[n]) for n in order if n in shares])
    assert on_disk(one.layout.silver).equals(on_disk(other.layout.silver))
    rejected = [on_disk(lake.layout.quarantine) for lake in (one, other)]
    if rejected[0].height or rejected[1].height:
        found = [frame.drop("_received_at").sort("_source_file", "_row") for frame in rejected]
        assert found[0].equals(found[1])
