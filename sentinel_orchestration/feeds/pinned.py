"""The batches of a release as a source, so that `sentinel verify` can rebuild it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from sentinel_orchestration.feeds.source import BatchRecord, Intake, Receipt, Source, SourceKind


@dataclass(frozen=True)
class Pinned(Source):
    """Batches by their ids. They are in bronze already: nothing is received, and what counts elsewhere stays as it is."""

    kind: SourceKind
    batch_ids: tuple[str, ...]
    is_provided: ClassVar[bool] = False
    may_move_rows: ClassVar[bool] = True

    def receive(self, intake: Intake, days: Iterable[str] | None = None) -> Receipt:
        """The records of the batches."""
        return Receipt(self.active(intake), None)

    def active(self, intake: Intake) -> list[BatchRecord]:
        """The batches."""
        return intake.records(self.batch_ids)
