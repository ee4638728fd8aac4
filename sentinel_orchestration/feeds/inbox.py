"""The source that people put files into: inbox/<feed>/.

A file is known by its name, size and times, so that it is not read again with each build; what is read is a private copy, so
that what is kept is what was hashed, whatever happens to the file meanwhile.
"""

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import ClassVar

from sentinel_orchestration.contracts.mapping import NO_MAP, FeedMap
from sentinel_orchestration.feeds.limits import MAX_EXPANSION
from sentinel_orchestration.feeds.openable import BatchRefusedError, check_openable, shown
from sentinel_orchestration.feeds.readers import read_chunks
from sentinel_orchestration.feeds.receipts import Receipts
from sentinel_orchestration.feeds.source import BATCH_ID_LENGTH, BatchRecord, Intake, Receipt, Source, SourceKind
from sentinel_orchestration.files import copy_hashed

HIDDEN = (".", "_")
SETTLED_NS = (
    2_000_000_000  # a file changed so shortly before it was looked at may change again within a tick of its clock
)


@dataclass(frozen=True)
class Inbox(Source):
    """Every file of a feed's folder and below counts, as long as it is there; `feed_map` makes them fit its contract."""

    folder: Path
    chunk_rows: int
    max_expansion: int = MAX_EXPANSION
    feed_map: FeedMap = NO_MAP
    kind: SourceKind = "inbox"
    is_provided: ClassVar[bool] = True
    may_move_rows: ClassVar[bool] = True

    def receive(self, intake: Intake, days: Iterable[str] | None = None) -> Receipt:
        """One record per file; one known by name, size and times is not read again, unless its map has changed."""
        folder = self.folder / intake.contract.feed
        receipts, records = Receipts(folder), intake.records()
        mine = [r for r in records if r.source == self.kind and r.mapping == self.feed_map.text]
        known = {_identity(r): r for r in mine if not r.refused_because}
        replaced = {r.replaces: r for r in records if r.replaces}
        blank, found = self._blank(intake, receipts, records), list[BatchRecord]()
        for path in inbox_files(self.folder, intake.contract.feed):
            offered = _marked(replace(blank, source_file=path.relative_to(folder).as_posix()), stat_of(path))
            record = known.get(_identity(offered))
            if record is None or not _is_settled(record):
                taken = self._take(intake, path, offered, receipts)
                record = _seen(intake, offered, replaced.get(taken.batch_id, taken))
            found.append(record)
        active = {record.batch_id: record for record in found if not record.refused_because}
        receipts.keep(active.values())
        return Receipt(found, list(active.values()))

    def place(self, feed: str) -> str:
        """The feed's folder."""
        return str(self.folder / feed)

    def pieces(self, feed: str) -> int:
        """The files in the feed's folder."""
        return len(inbox_files(self.folder, feed))

    def remember(self, records: Iterable[BatchRecord]) -> None:
        """Beside the files."""
        for feed, found in groupby(records, key=lambda record: record.feed):
            Receipts(self.folder / feed).keep(found)

    def remedy(self, record: BatchRecord) -> str:
        """A file is fixed or removed by whoever submitted it."""
        return f"Fix or remove inbox/{record.feed}/{record.source_file}."

    def submit(self, intake: Intake, path: Path) -> BatchRecord:
        """Receives a file that is not in the inbox yet; the caller holds the feed's lock."""
        receipts = Receipts(self.folder / intake.contract.feed)
        blank = self._blank(intake, receipts, intake.records())
        record = self._take(intake, path, replace(blank, source_file=path.name), receipts)
        if not record.refused_because:
            receipts.keep([record])
        return record

    def _blank(self, intake: Intake, receipts: Receipts, records: Iterable[BatchRecord]) -> BatchRecord:
        """What all files received now have in common."""
        last = max([receipts.last, *(record.receipt for record in records)])
        moment = datetime.now(UTC).replace(tzinfo=None)
        return BatchRecord(intake.contract.feed, "", self.kind, "", "", moment, last + 1, looked_at_ns=time.time_ns())

    def _take(self, intake: Intake, path: Path, offered: BatchRecord, receipts: Receipts) -> BatchRecord:
        """A file that breaks the shape of its contract is kept whole, as it came, and its record says why it was refused.

        It is tried again each time, as the contract may have changed since. What cannot be opened at all (a pipe, a broken
        link) leaves nothing but the answer.
        """
        try:
            check_openable(path)
        except BatchRefusedError as error:
            return replace(offered, source_file=shown(offered.source_file), refused_because=str(error))
        with intake.scratch() as scratch:
            copy = scratch / path.name
            sha256 = copy_hashed(path, copy)
            batch_id = self.feed_map.digest(sha256)[:BATCH_ID_LENGTH]
            record = receipts.recall(replace(offered, sha256=sha256, batch_id=batch_id, mapping=self.feed_map.text))
            return intake.take(record, read_chunks(copy, self.chunk_rows, self.max_expansion), copy)


def inbox_files(inbox_dir: Path, feed: str) -> list[Path]:
    """Every file submitted for `feed`, in the order of their names."""
    return sorted(visible_files(inbox_dir / feed))


def stray_files(inbox_dir: Path, feeds: Iterable[str]) -> list[Path]:
    """Files in the inbox that are not in the folder of one of `feeds`. Nothing reads them, which is probably not intended."""
    read = set(feeds)
    return sorted(path for path in visible_files(inbox_dir) if path.relative_to(inbox_dir).parts[0] not in read)


def stat_of(path: Path) -> os.stat_result:
    """Size and times of a file; for a broken link, those of the link."""
    try:
        return path.stat()
    except OSError:
        return path.lstat()


def visible_files(folder: Path) -> Iterator[Path]:
    """Files in `folder` and below, except hidden ones, which start with `.` or `_`: an unfinished copy, Spark's _SUCCESS.

    Pipes, links to folders and broken links are included: they are to be reported, not ignored. Raises OSError for a
    folder that may not be listed.
    """
    for place, folders, files in os.walk(folder, onerror=_raise) if folder.is_dir() else ():
        folders[:] = [name for name in folders if not name.startswith(HIDDEN)]
        yield from (Path(place, name) for name in files if not name.startswith(HIDDEN))
        yield from (link for name in folders if (link := Path(place, name)).is_symlink())


def _seen(intake: Intake, offered: BatchRecord, taken: BatchRecord) -> BatchRecord:
    """The record of a file as it is in the inbox now: the same content may have been received under another name."""
    if taken.refused_because:
        return taken
    seen = replace(
        taken,
        source_file=offered.source_file,
        size=offered.size,
        modified_ns=offered.modified_ns,
        changed_ns=offered.changed_ns,
        looked_at_ns=offered.looked_at_ns,
    )
    if _identity(seen) != _identity(taken) or (_is_settled(seen) and not _is_settled(taken)):
        intake.update(seen)
    return seen


def _marked(record: BatchRecord, found: os.stat_result) -> BatchRecord:
    """With what shows that a file was changed: nobody can set the last of these times."""
    return replace(record, size=found.st_size, modified_ns=found.st_mtime_ns, changed_ns=found.st_ctime_ns)


def _identity(record: BatchRecord) -> tuple[str, int, int, int]:
    return record.source_file, record.size, record.modified_ns, record.changed_ns


def _is_settled(record: BatchRecord) -> bool:
    return record.changed_ns + SETTLED_NS < record.looked_at_ns


def _raise(error: OSError) -> None:
    raise error
