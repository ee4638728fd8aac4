"""What silver says of itself: each file carries the counts of its day."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl

from sentinel_orchestration.contracts import Contract
from sentinel_orchestration.layout import Layout

METADATA_KEY = "sentinel"


@dataclass(frozen=True)
class DayCounts:
    """How the rows of one day (or snapshot, day "") went: received = good + quarantined + superseded + duplicates.

    `version` is a digest of what they were made from: equal versions, equal rows. `batches` are ids of the batches in it.
    """

    day: str
    version: str
    received: int
    good: int
    quarantined: int
    superseded: int
    duplicates: int
    batches: list[str] = field(default_factory=list)


def read_counts(path: Path) -> DayCounts | None:
    """The counts kept in a silver file; None where there is no such file."""
    if not path.exists():
        return None
    return DayCounts(**json.loads(pl.read_parquet_metadata(path)[METADATA_KEY]))


def silver_counts(layout: Layout, feed: str) -> list[DayCounts]:
    """The counts of every silver file of a feed, oldest day first."""
    return [counts for path in layout.silver_files(feed).values() if (counts := read_counts(path))]


def has_rows(layout: Layout, feed: str) -> bool:
    """Whether silver of the feed has any row."""
    return any(counts.good for path in layout.silver_files(feed).values() if (counts := read_counts(path)))


def event_span(layout: Layout, contract: Contract) -> tuple[datetime, datetime] | None:
    """The first and the newest event time of a feed in silver; None for a snapshot feed or one without rows."""
    if contract.event_time is None:
        return None
    moment, files = pl.col(contract.event_time), list(layout.silver_files(contract.feed).values())
    first = next((found for path in files if (found := _one(path, moment.min()))), None)
    newest = next((found for path in reversed(files) if (found := _one(path, moment.max()))), None)
    return (first, newest) if first and newest else None


def _one(path: Path, moment: pl.Expr) -> datetime | None:
    found = pl.scan_parquet(path, hive_partitioning=False).select(moment).collect().item()
    return found if isinstance(found, datetime) else None


def feed_version(counts: Iterable[DayCounts]) -> str:
    """Digest of the versions of a feed's days: equal digests, equal silver."""
    return hashlib.sha256("\n".join(f"{c.day} {c.version}" for c in counts).encode()).hexdigest()[:16]


def file_metadata(counts: DayCounts) -> dict[str, str]:
    """The parquet metadata that `read_counts` reads back."""
    return {METADATA_KEY: json.dumps(asdict(counts))}
