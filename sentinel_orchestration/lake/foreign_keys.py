"""What foreign keys may refer to, as silver is now."""

import hashlib
from datetime import date, timedelta

import polars as pl

from sentinel_orchestration.contracts import Contract, Reference
from sentinel_orchestration.lake.columns import DAY, PATH
from sentinel_orchestration.lake.counts import read_counts
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.rules import ReferencedValues


def unjudged_references(lake: Lake, contract: Contract) -> list[tuple[str, Reference]]:
    """(column, reference) for every foreign key that leads to a feed without rows, so that no value of it is wrong."""
    return [(column, reference) for column, reference in contract.references if not lake.active(reference.feed)]


class ForeignKeys:
    """The values foreign keys may take, and a digest of them a day.

    A row may refer to events of its own day and the days beside it; a row of a snapshot, to events of any day. References to a
    feed that has no rows yet are not judged.
    """

    def __init__(self, lake: Lake, contract: Contract) -> None:
        self._layout = lake.layout
        unjudged = {reference for _, reference in unjudged_references(lake, contract)}
        self._kinds = {
            reference: lake.contracts[reference.feed].kind
            for _, reference in contract.references
            if reference not in unjudged
        }
        self._snapshots = {
            reference: self._column(reference, "") for reference, kind in self._kinds.items() if kind == "snapshot"
        }
        self._snapshot_digest = "".join(
            hashlib.sha256("\n".join(values.cast(pl.String).sort()).encode()).hexdigest()
            for values in self._snapshots.values()
        )

    def digest(self, day: str) -> str:
        """Changes whenever the values that rows of `day` may refer to change."""
        versions = [
            counts.version
            for reference, kind in self._kinds.items()
            if kind == "event"
            for near in self._near(reference, day)
            if (counts := read_counts(self._layout.silver_file(reference.feed, near)))
        ]
        return "".join([*(f"{reference.feed}." for reference in self._kinds), self._snapshot_digest, *versions])

    def values(self, days: list[str]) -> ReferencedValues:
        """The values that rows of `days` may refer to."""
        return self._snapshots | {r: self._events(r, days) for r, kind in self._kinds.items() if kind == "event"}

    def _events(self, reference: Reference, days: list[str]) -> pl.DataFrame:
        """(value, day of a row that may refer to it)."""
        pairs = [(near, day) for day in days for near in self._near(reference, day)]
        files = {near: self._layout.silver_file(reference.feed, near) for near, _ in pairs}
        present = {near: str(path) for near, path in files.items() if path.exists()}
        if not present:
            return pl.DataFrame(schema={reference.column: pl.String, DAY: pl.String})
        referring = [(present[near], day) for near, day in pairs if near in present]
        days_of_file = pl.DataFrame(referring, schema={PATH: pl.String, DAY: pl.String}, orient="row")
        values = pl.scan_parquet(list(present.values()), include_file_paths=PATH, hive_partitioning=False, glob=False)
        joined = values.select(reference.column, PATH).join(days_of_file.lazy(), on=PATH)
        return joined.select(reference.column, DAY).drop_nulls().collect()

    def _near(self, reference: Reference, day: str) -> list[str]:
        """The days of a feed that a row of `day` may refer to: an event that follows another may cross midnight."""
        if not day:
            return list(self._layout.silver_files(reference.feed))
        return days_around(day)

    def _column(self, reference: Reference, day: str) -> pl.Series:
        path = self._layout.silver_file(reference.feed, day)
        if not path.exists():
            return pl.Series(reference.column, [], dtype=pl.String)
        return (
            pl.read_parquet(path, columns=[reference.column], hive_partitioning=False).to_series().drop_nulls().unique()
        )


def days_around(day: str) -> list[str]:
    """The day itself and those beside it, oldest first."""
    middle = date.fromisoformat(day)
    return [(middle + timedelta(days=shift)).isoformat() for shift in (-1, 0, 1)]
