"""What every source of rows can do, and what it is given to put them in."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Literal, Protocol

import polars as pl

from sentinel_orchestration.contracts import Contract

BATCH_ID_LENGTH = 16  # of the hexadecimal digits of a sha256
SourceKind = Literal["inbox", "http", "simulator", "absent"]


class SourceError(RuntimeError):
    """A source could not be asked for its rows; the message names it, what happened and the fix. Nothing was received."""


class SourceDownError(SourceError):
    """A source does not answer as it should, which may pass."""


@dataclass(frozen=True)
class BatchRecord:
    """Where a batch came from and what it held. `rows_by_day` has the one day "" for a snapshot feed.

    `sha256` is that of the received content; a simulated batch is fully described by its specification, so there it is that
    of the specification, which is in `source_file`. `receipt` counts receipts: what came together has the same number.
    `newest` is the latest plausible time in the rows. `size` and the times of the file (`modified_ns`, `changed_ns`) show
    whether it has to be read again; they were looked at at `looked_at_ns`. A batch that was judged again under another
    moment of receipt `replaces` the one it was, for a `reason`. `mapping` is the `text` of the map it was received under.
    `later_is_newer`: the source said what was true at that moment, so the order of receipt counts, whatever times are in the
    rows. `cursor`, of an incremental source: the `column` it goes by, and between which of its values the rows are (`from`,
    `to`).
    """

    feed: str
    batch_id: str
    source: SourceKind
    source_file: str
    sha256: str
    received_at: datetime
    receipt: int = 0
    newest: datetime | None = None
    rows_by_day: dict[str, int] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    extra_columns: tuple[str, ...] = ()
    refused_because: str | None = None
    size: int = 0
    modified_ns: int = 0
    changed_ns: int = 0
    looked_at_ns: int = 0
    replaces: str | None = None
    reason: str | None = None
    mapping: str = ""
    later_is_newer: bool = False
    cursor: dict[str, str | None] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows received."""
        return sum(self.rows_by_day.values())


class Intake(Protocol):
    """The bronze of one feed, as a source sees it."""

    contract: Contract

    def records(self, batch_ids: Iterable[str] | None = None) -> list[BatchRecord]:
        """Records in the order of receipt: of `batch_ids` (those there are), or of every batch that none replaces."""

    def active(self) -> list[BatchRecord]:
        """The batches that count since the last receipt."""

    def scratch(self) -> AbstractContextManager[Path]:
        """A folder for files in transit, removed afterwards."""

    def take(self, record: BatchRecord, chunks: Iterable[pl.DataFrame], original: Path | None = None) -> BatchRecord:
        """Keeps a batch, whole or not at all, and gives its record; a batch that is already there is not read again.

        Where the rows break the shape of the contract, the record says why, and `original`, a file in transit, is kept.
        """

    def update(self, record: BatchRecord) -> None:
        """Replaces the record of a batch."""


@dataclass(frozen=True)
class Receipt:
    """What came of receiving. `found`: the records of all there was, refused ones among them.

    `active`: what counts from now on; None leaves that as it is.
    """

    found: Sequence[BatchRecord]
    active: Sequence[BatchRecord] | None


class Source(Protocol):
    """Where the rows of a feed come from.

    kind: how people call it, in sources.yaml, in records and on pages. is_provided: somebody provides the rows; such a feed
    never becomes absent or simulated by itself. may_move_rows: a key may come again on another day.
    """

    kind: SourceKind
    is_provided: ClassVar[bool]
    may_move_rows: ClassVar[bool]

    def receive(self, intake: Intake, days: Iterable[str] | None = None) -> Receipt:
        """Receives what there is. `days` limits it, where the source can tell days apart before it reads them.

        Raises SourceError where it cannot be asked.
        """

    def active(self, intake: Intake) -> list[BatchRecord]:
        """The batches that count: those of the last receipt, whatever the source has by now."""
        return intake.active()

    def place(self, feed: str) -> str:
        """Where the rows of a feed would be, for people."""
        return ""

    def pieces(self, feed: str) -> int | None:
        """How many files there are; None where the source has none that a person knows."""
        return None

    def remember(self, records: Iterable[BatchRecord]) -> None:
        """Keeps the order and moment of receipt where the rows come from, if it can, so that they outlive bronze."""
        return

    def remedy(self, record: BatchRecord) -> str:
        """What to do about a batch that was refused; a sentence."""
        return ""


class Absent(Source):
    """The source of a feed that nobody provides."""

    kind: SourceKind = "absent"
    is_provided: ClassVar[bool] = False
    may_move_rows: ClassVar[bool] = False

    def receive(self, intake: Intake, days: Iterable[str] | None = None) -> Receipt:
        """Nothing."""
        return Receipt([], [])
