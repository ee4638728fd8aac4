"""The order in which the files of an inbox came, kept beside them: it outlives data/ and whatever unzip does to times."""

import errno
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from sentinel_orchestration.feeds.source import BatchRecord
from sentinel_orchestration.files import write_text

FILE = ".receipts.json"  # sha256 of a file's content → [number of its receipt, moment of it (UTC)]


class DamagedReceiptsError(RuntimeError):
    """The file cannot be read; the message names it and the fix."""


class Receipts:
    """The receipts of the files in one folder of the inbox."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    @property
    def last(self) -> int:
        """The number of the last receipt; 0 where there was none."""
        return max((number for number, _ in self._kept.values()), default=0)

    def recall(self, record: BatchRecord) -> BatchRecord:
        """The record with the number and moment of the first receipt of its content, if that is known."""
        if record.sha256 not in self._kept:
            return record
        receipt, received_at = self._kept[record.sha256]
        return replace(record, receipt=receipt, received_at=received_at)

    def keep(self, records: Iterable[BatchRecord]) -> None:
        """Adds receipts. In an inbox that may not be written to, the order is only as old as data/."""
        kept = self._kept | {record.sha256: (record.receipt, record.received_at) for record in records}
        if kept == self._kept:
            return
        body = {sha256: [number, moment.isoformat()] for sha256, (number, moment) in sorted(kept.items())}
        try:
            write_text(self._path, json.dumps(body, indent=0))
        except OSError as error:
            if error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):
                raise
        self.__dict__.pop("_kept")

    @cached_property
    def _kept(self) -> dict[str, tuple[int, datetime]]:
        try:
            body = json.loads(self._path.read_text(encoding="utf-8"))
            return {sha256: (int(number), datetime.fromisoformat(moment)) for sha256, (number, moment) in body.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError) as error:
            raise DamagedReceiptsError(
                f"{self._path} is damaged. Restore it, or remove it: the files beside it then count as received together."
            ) from error
