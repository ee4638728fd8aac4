"""The lake as it was for a build: the batches that build was made from count, whatever came or went since.

Belongs here: reading such a choice and keeping to it. Does not belong here: making it (received), or comparing (verify).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from sentinel_orchestration.lake.batches import BatchRecord
from sentinel_orchestration.lake.received import Lake


@dataclass(frozen=True)
class PinnedLake(Lake):
    """A lake that receives nothing and reads the batches that the manifest of a build names."""

    manifest: Path

    @cached_property
    def batches(self) -> Mapping[str, Sequence[str]]:
        """Feed → ids of the batches the build was made from."""
        body: dict[str, dict[str, list[str]]] = json.loads(self.manifest.read_text(encoding="utf-8"))
        return body["batches"]

    def source(self, feed: str) -> Literal["inbox", "simulator"]:
        """Where the feed's rows came from."""
        return self._pinned[feed][0].source

    def receive(self, feed: str, days: Iterable[str] | None = None) -> list[BatchRecord]:
        """The records of the feed's batches."""
        return self._pinned[feed]

    def expected(self, feed: str) -> dict[str, list[str]]:
        """Day → ids of the batches that count for it."""
        return {day: [record.batch_id for record in records] for day, records in self.active(feed).items()}

    def missing(self) -> dict[str, list[str]]:
        """Feed → ids of its batches whose record or rows bronze no longer holds."""
        held = {
            feed: {record.batch_id for record in records if self._has_rows(record)}
            for feed, records in self._pinned.items()
        }
        gone = {feed: [i for i in ids if i not in held[feed]] for feed, ids in self.batches.items()}
        return {feed: ids for feed, ids in gone.items() if ids}

    @cached_property
    def _pinned(self) -> dict[str, list[BatchRecord]]:
        return {feed: self.bronze(feed).records(ids) for feed, ids in self.batches.items()}

    def _has_rows(self, record: BatchRecord) -> bool:
        bronze = self.bronze(record.feed)
        return all(bronze.pieces(day, record) for day in record.rows_by_day)

    def _records(self, feed: str) -> list[BatchRecord]:
        return self._pinned[feed]

    def _expected_days(self, feed: str) -> Iterable[str]:
        return self.active(feed)
