"""The source that an endpoint is: one batch per pull that has rows, and all of them count."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

import polars as pl

from sentinel_orchestration.contracts.mapping import NO_MAP, FeedMap
from sentinel_orchestration.feeds.http.cursor import newest_value, resume_after
from sentinel_orchestration.feeds.http.endpoint import Endpoint
from sentinel_orchestration.feeds.http.pull import pull
from sentinel_orchestration.feeds.http.spool import Spool
from sentinel_orchestration.feeds.limits import MAX_EXPANSION
from sentinel_orchestration.feeds.openable import BatchRefusedError
from sentinel_orchestration.feeds.readers import read_chunks
from sentinel_orchestration.feeds.source import (
    BATCH_ID_LENGTH,
    BatchRecord,
    Intake,
    Receipt,
    Source,
    SourceError,
    SourceKind,
)


@dataclass(frozen=True)
class Http(Source):
    """An endpoint, known by its URL: pulls of another URL do not count.

    Each pull asks for what is newer than what accepted pulls have (`since`), or for everything. A pull counts when its record is
    written, so one that is killed or refused is asked for again. A pull with the rows of the one before changes nothing.
    `feed_map` makes new pulls fit their contract; those that were accepted keep the one they came under.
    """

    endpoint: Endpoint
    chunk_rows: int
    max_expansion: int = MAX_EXPANSION
    feed_map: FeedMap = NO_MAP
    kind: SourceKind = "http"
    is_provided: ClassVar[bool] = True
    may_move_rows: ClassVar[bool] = True

    def receive(self, intake: Intake, days: Iterable[str] | None = None) -> Receipt:
        """Pulls once. Raises SourceError that names the feed, the endpoint and the fix; what counts then stays as it is."""
        records = intake.records()
        pulled = sorted(filter(self._is_here, records), key=lambda record: record.receipt)
        since = resume_after(pulled, self.endpoint.since.column) if self.endpoint.since else None
        try:
            login = self.endpoint.auth.login(os.environ)
            with intake.scratch() as scratch:
                spool = pull(self.endpoint, login, since, scratch, intake.contract.feed)
                if spool.has_rows and not (pulled and self._is_same(pulled[-1], spool)):
                    record = intake.take(self._offered(intake, records, spool, since), self._chunks(spool), spool.path)
                    pulled.append(record)
        except SourceError as error:
            raise type(error)(f"{intake.contract.feed}: {self.endpoint.url}: {error}") from None
        return Receipt(pulled, self._counting([record for record in pulled if not record.refused_because]))

    def place(self, feed: str) -> str:
        """The URL."""
        return self.endpoint.url

    def remedy(self, record: BatchRecord) -> str:
        """A refused pull is kept, and its rows are asked for again."""
        return "The endpoint sent it. Every build asks for these rows again: correct the endpoint or the contract."

    def _is_here(self, record: BatchRecord) -> bool:
        return record.source == self.kind and record.source_file == self.endpoint.url and not record.refused_because

    def _is_same(self, record: BatchRecord, spool: Spool) -> bool:
        return record.sha256 == spool.sha256 and record.mapping == self.feed_map.text and not record.refused_because

    def _counting(self, accepted: Sequence[BatchRecord]) -> Sequence[BatchRecord]:
        return accepted[-1:] if self.endpoint.keep == "last" else accepted

    def _offered(self, intake: Intake, records: Sequence[BatchRecord], spool: Spool, since: str | None) -> BatchRecord:
        """The record of a pull. Content that came before, but was replaced since, is a batch of its own."""
        moment = datetime.now(UTC).replace(tzinfo=None)
        receipt = max((record.receipt for record in records), default=0) + 1
        batch_id = self.feed_map.digest(spool.sha256)[:BATCH_ID_LENGTH]
        if any(self._is_same(record, spool) for record in records):
            batch_id = hashlib.sha256(f"{spool.sha256} {receipt}".encode()).hexdigest()[:BATCH_ID_LENGTH]
        return BatchRecord(
            intake.contract.feed,
            batch_id,
            self.kind,
            self.endpoint.url,
            spool.sha256,
            moment,
            receipt,
            mapping=self.feed_map.text,
            later_is_newer=True,
            cursor=self._cursor(spool, since, moment),
        )

    def _cursor(self, spool: Spool, since: str | None, moment: datetime) -> dict[str, str | None]:
        if not self.endpoint.since:
            return {}
        column = self.endpoint.since.column
        try:
            return {"column": column, "from": since, "to": newest_value(self._chunks(spool), column, moment) or since}
        except BatchRefusedError:
            return {}  # whoever takes the rows says the same, and keeps the file

    def _chunks(self, spool: Spool) -> Iterable[pl.DataFrame]:
        return read_chunks(spool.path, self.chunk_rows, self.max_expansion)
