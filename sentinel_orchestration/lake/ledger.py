"""The ledger of bronze: one record per received batch, written last, so that a batch is received whole or not at all."""

import json
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from sentinel_orchestration.contracts import Contract
from sentinel_orchestration.feeds.source import BatchRecord, SourceKind
from sentinel_orchestration.files import write_text
from sentinel_orchestration.layout import DAY_FOLDERS, day_folder

TIMES = ("received_at", "newest")
LISTED = 20


class DamagedRecordError(RuntimeError):
    """A record that cannot be read; the message names it and the fix."""


class Selection(NamedTuple):
    """The batches of a feed that count: their source, what they were called there (the first few), their ids in order."""

    source: SourceKind
    is_provided: bool
    names: list[str]
    batch_ids: list[str]


class Ledger:
    """The bronze folder of one feed: which batches it has, and where.

    Layout: `_batches/<batch>.json`, `_active.json` (what counts), `_refused/<batch><suffix>`, and
    `day=<day>/<batch>-<n>.parquet` (event feeds) or `<batch>-<n>.parquet` (snapshot feeds), n counting the chunks of a
    large file.
    """

    def __init__(self, bronze_dir: Path, contract: Contract) -> None:
        self.contract = contract
        self.folder = bronze_dir / contract.feed

    def update(self, record: BatchRecord) -> None:
        """Writes the record of a batch; only with its first record is the batch received."""
        times = {name: moment and moment.isoformat() for name in TIMES for moment in [getattr(record, name)]}
        write_text(self._record_path(record.batch_id), json.dumps(asdict(record) | times, indent=1, sort_keys=True))

    def has(self, batch_id: str) -> bool:
        """Whether the batch was received (or refused) before."""
        return self._record_path(batch_id).exists()

    def get(self, batch_id: str) -> BatchRecord:
        """The record of a received batch."""
        return _read(self._record_path(batch_id))

    def records(self, batch_ids: Iterable[str] | None = None) -> list[BatchRecord]:
        """Records in the order of receipt: of `batch_ids` (those there are), or of every batch that none replaces."""
        if batch_ids is not None:
            paths = [path for path in map(self._record_path, batch_ids) if path.exists()]
            return sorted(map(_read, paths), key=self.order)
        found = self.every_record()
        replaced = {record.replaces for record in found}
        return sorted((record for record in found if record.batch_id not in replaced), key=self.order)

    def order(self, record: BatchRecord) -> tuple[int | str, ...]:
        """What batches are sorted by, so that the last one wins. Nothing in it depends on the times of files.

        An export says how new it is: a snapshot counts by the newest time in it, an event by its receipt, and so does a
        snapshot that was asked for.
        """
        newest = record.newest.isoformat() if record.newest and not record.later_is_newer else ""
        times = (newest, record.receipt) if self.contract.kind == "snapshot" else (record.receipt, newest)
        return (*times, record.source_file, record.batch_id)

    def every_record(self) -> list[BatchRecord]:
        """The record of every batch, those that others replace among them, in no order."""
        return [_read(path) for path in self._record_paths()]

    def last_counted(self, batch_id: str) -> datetime:
        """When a batch that does not count did so for the last time, as naive UTC: its record was written, or given up, then."""
        moment = datetime.fromtimestamp(self._record_path(batch_id).stat().st_mtime, UTC)
        return moment.replace(tzinfo=None)

    def files(self) -> dict[str, list[Path]]:
        """Batch id → all that is kept of the batch, its record first: removed in this order, none is there in part.

        There are also files without a record: of a batch that is being received, or of a process that was killed.
        """
        found: dict[str, list[Path]] = {}
        pieces = ("_refused/[!.]*", "[!.]*.parquet", f"{DAY_FOLDERS}/[!.]*.parquet")
        for path in (*self._record_paths(), *(path for pattern in pieces for path in self.folder.glob(pattern))):
            batch_id = path.name.partition(".")[0].partition("-")[0]
            found.setdefault(batch_id, []).append(path)
        return found

    def selected(self) -> Selection | None:
        """What the last receipt left as the batches that count; None before the first one."""
        try:
            return Selection(**json.loads(self._selection_path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedRecordError(f"{self._selection_path} is damaged. Remove it and build again.") from error

    def select(self, source: SourceKind, records: Sequence[BatchRecord], is_provided: bool) -> None:
        """Makes `records` the batches that count. `is_provided`: by somebody, not simulated."""
        names = list(dict.fromkeys(record.source_file for record in records))[:LISTED]
        chosen = Selection(source, is_provided, names, [record.batch_id for record in sorted(records, key=self.order)])
        before = self.selected()
        if chosen == before:
            return
        for batch_id in {*(before.batch_ids if before else [])} - {*chosen.batch_ids}:
            with suppress(FileNotFoundError):
                os.utime(self._record_path(batch_id))  # it counts no more from now on
        write_text(self._selection_path, json.dumps(chosen._asdict(), indent=1))

    def active(self) -> list[BatchRecord]:
        """The batches that count since the last receipt, in order."""
        selected = self.selected()
        return self.records(selected.batch_ids) if selected else []

    def piece(self, day: str, batch_id: str, chunk: int) -> Path:
        """The file of a chunk of a batch."""
        return self.day_folder(day) / f"{batch_id}-{chunk}.parquet"

    def pieces(self, day: str, record: BatchRecord) -> list[Path]:
        """The files that hold a batch's rows of `day`, in order."""
        found = self.day_folder(day).glob(f"{record.batch_id}-*.parquet")
        return sorted(found, key=lambda path: int(path.stem.rpartition("-")[2]))

    def discard(self, batch_id: str) -> None:
        """Removes the files of a batch without an accepted record."""
        for pattern in (f"{batch_id}-*.parquet", f"{DAY_FOLDERS}/{batch_id}-*.parquet", f"_refused/{batch_id}*"):
            for path in self.folder.glob(pattern):
                path.unlink()

    def day_folder(self, day: str) -> Path:
        """The folder of a day's pieces; of a snapshot feed, the feed's own."""
        return day_folder(self.folder, day)

    def refused_file(self, batch_id: str, suffix: str) -> Path:
        """Where a refused file is kept as it came."""
        return self.folder / "_refused" / f"{batch_id}{suffix}"

    @property
    def _selection_path(self) -> Path:
        return self.folder / "_active.json"

    def _record_paths(self) -> list[Path]:
        return list((self.folder / "_batches").glob("[!.]*.json"))

    def _record_path(self, batch_id: str) -> Path:
        return self.folder / "_batches" / f"{batch_id}.json"


def _read(path: Path) -> BatchRecord:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        body |= {name: datetime.fromisoformat(body[name]) for name in TIMES if body.get(name)}
        body["extra_columns"] = tuple(body["extra_columns"])
        return BatchRecord(**body)
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedRecordError(
            f"{path} is damaged. Remove it and build again: its batch is received again."
        ) from error
