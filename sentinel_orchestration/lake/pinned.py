"""The lake as it was for a release: the batches it was made from count, whatever has come or gone since."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sentinel_orchestration.feeds.pinned import Pinned
from sentinel_orchestration.feeds.source import BatchRecord, Source
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

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """The batches of each feed, whatever its source is by now."""
        return {
            feed: Pinned(records[0].source if records else "absent", tuple(self.batches[feed]))
            for feed, records in self._pinned.items()
        }

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
