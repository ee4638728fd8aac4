"""A file that an ingest and a build have in hand at the same time: nobody takes rows away from the other."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from sentinel_orchestration.feeds.inbox import Inbox
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.settings import Settings


def test_content_submitted_again_stays_where_a_running_build_finds_it(
    tmp_path: Path, lake: Lake, settings: Settings, fleet_rows: dict[str, pl.DataFrame]
) -> None:
    inbox = settings.layout.inbox / "telemetry"
    inbox.mkdir(parents=True)
    fleet_rows["telemetry"].write_parquet(inbox / "a.parquet")
    lake.receive("telemetry")
    before = lake.active("telemetry")
    (tmp_path / "b.parquet").write_bytes((inbox / "a.parquet").read_bytes())
    Inbox(settings.layout.inbox, 10_000).submit(lake.bronze("telemetry"), tmp_path / "b.parquet")
    assert before
    assert lake.active("telemetry") == before


def test_a_file_that_four_receive_at_once_is_received_whole(
    tmp_path: Path, lake: Lake, fleet_rows: dict[str, pl.DataFrame]
) -> None:
    fleet_rows["telemetry"].write_parquet(tmp_path / "a.parquet")
    bronze = lake.bronze("telemetry")
    seen = []

    def receive(_: int) -> None:
        with bronze.receiving():
            record = Inbox(lake.layout.inbox, 10).submit(bronze, tmp_path / "a.parquet")
        pieces = [piece for day in record.rows_by_day for piece in bronze.pieces(day, record)]
        seen.append(pl.scan_parquet(pieces, hive_partitioning=False).select(pl.len()).collect().item())

    with ThreadPoolExecutor(4) as pool:  # the lock tells threads apart like processes: each opens its file itself
        list(pool.map(receive, range(4)))
    assert seen == [fleet_rows["telemetry"].height] * 4
