"""What silver tells of itself: where its files lie and the counts each one carries.

Belongs here: paths and counts. Does not belong here: making the files (silver).
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import polars as pl

METADATA_KEY = "sentinel"


@dataclass(frozen=True)
class DayCounts:
    """How the rows of one day (or snapshot, day "") went: received = good + quarantined + superseded + duplicates.

    `version` tells what they were made from; equal versions, equal rows. `batches` are the ids of the batches among it.
    """

    day: str
    version: str
    received: int
    good: int
    quarantined: int
    superseded: int
    duplicates: int
    batches: list[str] = field(default_factory=list)


def silver_file(silver_dir: Path, feed: str, day: str) -> Path:
    """Where the good rows of a day lie."""
    folder = silver_dir / feed
    return (folder / f"day={day}" if day else folder) / "part.parquet"


def read_counts(path: Path) -> DayCounts | None:
    """The counts kept in a silver file; None where there is no such file."""
    if not path.exists():
        return None
    return DayCounts(**json.loads(pl.read_parquet_metadata(path)[METADATA_KEY]))


def silver_counts(silver_dir: Path, feed: str) -> list[DayCounts]:
    """The counts of every silver file of a feed, by day."""
    paths = sorted((silver_dir / feed).glob("**/part.parquet"))
    return [counts for path in paths if (counts := read_counts(path))]


def file_metadata(counts: DayCounts) -> dict[str, str]:
    """The parquet metadata that `read_counts` reads back."""
    return {METADATA_KEY: json.dumps(asdict(counts))}
