"""The ledger of bronze: one record a received batch, written last, so that a batch is received whole or not at all.

Belongs here: records, their files, and which of them count. Does not belong here: rows.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from sentinel_orchestration.contracts import Contract
from sentinel_orchestration.files import write_text

SNAPSHOT_DAY = ""


class DamagedRecordError(RuntimeError):
    """A record that cannot be read; the message names it and the mend."""


@dataclass(frozen=True)
class BatchRecord:
    """Where a batch came from and what it held. `rows_by_day` has the one day "" for a snapshot feed.

    `sha256` is that of the received file; a simulated batch is fully told by its specification, so there it is that of
    the specification, which stands in `source_file`.
    """

    feed: str
    batch_id: str
    source: Literal["inbox", "simulator"]
    source_file: str
    sha256: str
    received_at: datetime
    rows_by_day: dict[str, int] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    extra_columns: tuple[str, ...] = ()
    refused_because: str | None = None
    size: int = 0
    modified_ns: int = 0

    @property
    def rows(self) -> int:
        """Rows received."""
        return sum(self.rows_by_day.values())


class Bronze:
    """The bronze folder of one feed.

    Layout: `_batches/<batch>.json`, `_refused/<batch><suffix>`, and `day=<day>/<batch>-<n>.parquet` (event feeds) or
    `<batch>-<n>.parquet` (snapshot feeds), n counting the chunks of a large file.
    """

    def __init__(self, bronze_dir: Path, contract: Contract) -> None:
        self.contract = contract
        self.folder = bronze_dir / contract.feed

    def record(self, record: BatchRecord) -> None:
        """Marks a batch as received; only now do its rows count."""
        body = asdict(record) | {"received_at": record.received_at.isoformat(timespec="microseconds")}
        write_text(self._record_path(record.batch_id), json.dumps(body, indent=1, sort_keys=True))

    def has(self, batch_id: str) -> bool:
        """Whether the batch was received (or refused) before."""
        return self._record_path(batch_id).exists()

    def get(self, batch_id: str) -> BatchRecord:
        """The record of a received batch."""
        return _read(self._record_path(batch_id))

    def records(self, batch_ids: Iterable[str] | None = None) -> list[BatchRecord]:
        """Records in the order of receipt: of `batch_ids` (those there are), or of every batch."""
        if batch_ids is None:
            paths = list((self.folder / "_batches").glob("[!.]*.json"))
        else:
            paths = [path for path in map(self._record_path, batch_ids) if path.exists()]
        return sorted(map(_read, paths), key=lambda r: (r.received_at, r.batch_id))

    def piece(self, day: str, batch_id: str, chunk: int) -> Path:
        """Where a chunk of a batch lies."""
        return self.day_folder(day) / f"{batch_id}-{chunk}.parquet"

    def pieces(self, day: str, record: BatchRecord) -> list[Path]:
        """The files that hold a batch's rows of `day`, in order."""
        found = self.day_folder(day).glob(f"{record.batch_id}-*.parquet")
        return sorted(found, key=lambda path: int(path.stem.rpartition("-")[2]))

    def discard(self, batch_id: str) -> None:
        """Removes what lies there of a batch without an accepted record."""
        for pattern in (f"{batch_id}-*.parquet", f"day=*/{batch_id}-*.parquet", f"_refused/{batch_id}*"):
            for path in self.folder.glob(pattern):
                path.unlink()

    def day_folder(self, day: str) -> Path:
        """The folder of a day's pieces; of a snapshot feed, the feed's own."""
        return self.folder / f"day={day}" if day else self.folder

    def refused_file(self, batch_id: str, suffix: str) -> Path:
        """Where a refused file is kept as it came."""
        return self.folder / "_refused" / f"{batch_id}{suffix}"

    def _record_path(self, batch_id: str) -> Path:
        return self.folder / "_batches" / f"{batch_id}.json"


def _read(path: Path) -> BatchRecord:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        body["received_at"] = datetime.fromisoformat(body["received_at"])
        body["extra_columns"] = tuple(body["extra_columns"])
        return BatchRecord(**body)
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedRecordError(
            f"{path} is damaged. Remove it and build again: its batch is received anew, and a file from the inbox then "
            "counts as received last."
        ) from error
