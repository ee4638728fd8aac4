"""Takes batches: rows as they came, split by day, kept as they are under a batch id that is a digest of their content."""

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import polars as pl

from sentinel_orchestration.contracts import Contract
from sentinel_orchestration.contracts.mapping import FeedMap, parse_map
from sentinel_orchestration.feeds.openable import BatchRefusedError
from sentinel_orchestration.feeds.source import BatchRecord
from sentinel_orchestration.files import replacing, scratch_folder
from sentinel_orchestration.lake.columns import DAY, PATH, PROVENANCE, ROW
from sentinel_orchestration.lake.ledger import Ledger
from sentinel_orchestration.lake.mapped import conformed
from sentinel_orchestration.lake.rules import CLOCK_SKEW, EARLIEST_EVENT
from sentinel_orchestration.lake.shape import check_joins, check_shape
from sentinel_orchestration.layout import SNAPSHOT_DAY
from sentinel_orchestration.lock import locked

OUR_NAMES = {*PROVENANCE, PATH}
TIME_TYPES = ("timestamp", "date")


class Bronze(Ledger):
    """The bronze of a feed, which sources put batches into (`feeds.source.Intake`)."""

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """Held while batches are received: an ingest and a build may have the same file in hand."""
        with locked(self.folder / "receive.lock"):
            yield

    def scratch(self) -> AbstractContextManager[Path]:
        """A folder for files in transit, removed afterwards."""
        return scratch_folder(self.folder)

    def take(self, record: BatchRecord, chunks: Iterable[pl.DataFrame], original: Path | None = None) -> BatchRecord:
        """Keeps a batch, whole or not at all, and gives its record; an accepted one that is there is not read again.

        Where the rows break the shape of the contract, the record says why, and `original`, a file in transit, is kept. A
        record that names its day in `rows_by_day` is not split by day.
        """
        batch_id = record.batch_id
        known = self.get(batch_id) if self.has(batch_id) else None
        if known and not known.refused_because:
            return known
        self.discard(batch_id)  # what a killed attempt, or a refused one, left over
        try:
            record = self._keep(record, chunks)
        except BatchRefusedError as error:
            self.discard(batch_id)
            record = replace(record, refused_because=str(error), rows_by_day={})
            if original:
                kept = self.refused_file(batch_id, original.suffix)
                kept.parent.mkdir(exist_ok=True)
                os.replace(original, kept)
        self.update(record)
        return record

    def _keep(self, record: BatchRecord, chunks: Iterable[pl.DataFrame]) -> BatchRecord:
        """Writes the chunks of a batch as pieces by day. Raises BatchRefusedError where the shape is wrong."""
        rows, columns, extra = dict(record.rows_by_day), dict[str, str](), list[str]()
        seen, first_day, newest = 0, next(iter(rows), None), record.newest
        feed_map = parse_map(record.mapping)
        for number, chunk in enumerate(chunks):
            clash = [name for name in chunk.columns if name in OUR_NAMES]
            if clash:
                raise BatchRefusedError(f"{record.source_file}: column {clash[0]} has a name Sentinel uses. Rename it.")
            extra = check_shape(dict(chunk.schema), self.contract, record.source_file, feed_map)
            check_joins(chunk, record.source_file, feed_map)
            columns = columns or {name: str(dtype) for name, dtype in chunk.schema.items()}
            chunk = chunk.with_row_index(ROW, offset=seen + 1)
            seen += chunk.height
            if record.rows_by_day:
                parts = {str(first_day): chunk}
            else:
                moments = _moments(chunk, self.contract, feed_map, record.received_at)
                newest = max(filter(None, [newest, *moments.max().row(0)]), default=None) if moments.width else None
                days = _days(moments, chunk.height, self.contract)
                first_day = first_day or next(iter(days.drop_nulls()), None) or record.received_at.date().isoformat()
                parts = _by_day(chunk, days.fill_null(first_day))
            for day, part in parts.items():
                _write(self.piece(day, record.batch_id, number), part)
                rows[day] = rows.get(day, 0) + part.height
        return replace(record, rows_by_day=rows, columns=columns, extra_columns=tuple(extra), newest=newest)


def _moments(chunk: pl.DataFrame, contract: Contract, feed_map: FeedMap, received_at: datetime) -> pl.DataFrame:
    """The plausible times in each row, one column per time of the contract; of an event feed, its event time alone."""
    names = [contract.event_time] if contract.event_time else [c.name for c in contract.columns if c.type in TIME_TYPES]
    moments = conformed(chunk, [column for column in contract.columns if column.name in names], feed_map, [ROW])
    moments = moments.drop(ROW).cast(pl.Datetime("us"))
    is_plausible = pl.all().is_between(EARLIEST_EVENT, received_at + CLOCK_SKEW)
    return moments.select(pl.when(is_plausible).then(pl.all()))


def _days(moments: pl.DataFrame, rows: int, contract: Contract) -> pl.Series:
    """The day each row belongs to; null where the event time is absent, unreadable or implausible.

    Such rows travel with the first dated row of their file, so that the gate sees and quarantines them.
    """
    if contract.event_time is None:
        return pl.Series([SNAPSHOT_DAY]).new_from_index(0, rows)
    return moments[contract.event_time].dt.strftime("%Y-%m-%d")


def _by_day(chunk: pl.DataFrame, days: pl.Series) -> dict[str, pl.DataFrame]:
    parts = chunk.with_columns(days.alias(DAY)).partition_by(DAY, as_dict=True, include_key=False)
    return {str(day): part for (day,), part in parts.items()}


def _write(path: Path, frame: pl.DataFrame) -> None:
    with replacing(path) as temporary:
        frame.write_parquet(temporary, compression="zstd", compression_level=1, statistics=False)
