"""Ways to make contracts and rows by hand, to submit files, and to read what became of them."""

import os
from collections.abc import Callable
from copy import copy
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from sentinel_orchestration.contracts import Column, Contract, Reference, RowRule
from sentinel_orchestration.lake.columns import DAY, ORDER, RECEIVED, ROW
from sentinel_orchestration.lake.counts import DayCounts
from sentinel_orchestration.lake.gate import Gated, conform_frame, gate
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.silver import gate_feed
from sentinel_orchestration.settings import Settings

RECEIVED_AT = datetime(2026, 3, 1, 12)


def next_run(lake: Lake) -> Lake:
    """The lake as the next run sees it, which looks again at where feeds come from."""
    later = copy(lake)
    vars(later).pop("sources", None)
    return later


@pytest.fixture
def contract_of() -> Callable[..., Contract]:
    """A contract of the columns (and rules) a test is about."""

    def make(*columns: Column, event_time: str | None = None, rules: tuple[RowRule, ...] = ()) -> Contract:
        return Contract(
            "things", "fleet", "1.0.0", "nobody", "Things.", "One row a thing.", columns, rules, event_time,
            None, None, 0.02, "digest",
        )  # fmt: skip

    return make


@pytest.fixture
def gate_rows() -> Callable[..., Gated]:
    """Gates raw rows as one batch of one day, unless they say otherwise in provenance columns of their own."""

    def run(raw: pl.DataFrame, contract: Contract, referenced: dict[Reference, pl.Series] | None = None) -> Gated:
        provenance = {
            DAY: pl.lit("2026-03-01"),
            ORDER: pl.lit(0, dtype=pl.UInt32),
            ROW: pl.int_range(1, pl.len() + 1, dtype=pl.UInt32),
            RECEIVED: pl.lit(RECEIVED_AT),
        }
        frame = raw.with_columns(**{name: value for name, value in provenance.items() if name not in raw.columns})
        return gate(conform_frame(frame, contract), contract, referenced or {})

    return run


@pytest.fixture
def submit(settings: Settings) -> Callable[..., Path]:
    """Writes a frame into the inbox of a feed, as the kind of file its name says; `hour` is when it was last changed."""

    def write(feed: str, frame: pl.DataFrame, name: str = "rows.parquet", hour: int | None = None) -> Path:
        path = settings.layout.inbox / feed / name
        path.parent.mkdir(parents=True, exist_ok=True)
        writers = {".parquet": frame.write_parquet, ".csv": frame.write_csv, ".jsonl": frame.write_ndjson}
        writers[path.suffix](path)
        if hour is not None:
            os.utime(path, (hour * 3600, hour * 3600))
        return path

    return write


@pytest.fixture
def refresh() -> Callable[..., list[DayCounts]]:
    """Receives and gates feeds in turn, as a run does, and gives the counts of the last one."""

    def run(lake: Lake, *feeds: str) -> list[DayCounts]:
        lake, counts = next_run(lake), list[DayCounts]()
        for feed in feeds:
            lake.receive(feed)
            counts = gate_feed(lake, feed)
        return counts

    return run


@pytest.fixture
def silver(settings: Settings) -> Callable[[str], pl.DataFrame]:
    """The silver rows of a feed, of all days, in the order of their columns."""

    def read(feed: str) -> pl.DataFrame:
        files = settings.layout.silver_files(feed).values()
        return pl.concat([pl.read_parquet(path, hive_partitioning=False) for path in files])

    return read


@pytest.fixture
def quarantine(settings: Settings) -> Callable[[str], pl.DataFrame]:
    """The quarantined rows of a feed; an empty frame where there are none."""

    def read(feed: str) -> pl.DataFrame:
        files = settings.layout.quarantine_files(feed).values()
        found = [pl.read_parquet(path, hive_partitioning=False) for path in files]
        return pl.concat(found) if found else pl.DataFrame()

    return read
