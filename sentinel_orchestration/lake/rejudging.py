"""Judges batches again that were received under a wrong clock: rows "of the future" are only so by the moment of receipt.

The batch it was stays in bronze for as long as a release made from it is kept, so that this one can be verified; the new one
says what it replaces, and why.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import polars as pl

from sentinel_orchestration.feeds.source import BATCH_ID_LENGTH, BatchRecord
from sentinel_orchestration.lake.bronze import Bronze
from sentinel_orchestration.lake.columns import ROW
from sentinel_orchestration.lake.received import Lake


class CannotJudgeError(ValueError):
    """There is no such batch to judge again; the message says which there are."""


def judge_again(lake: Lake, feed: str, moment: datetime, reason: str, batch_id: str | None = None) -> list[BatchRecord]:
    """Replaces the active batches of a feed, or one of them, by the same rows received at `moment` (naive UTC).

    Their place in the order of receipt stays. Raises CannotJudgeError where nothing of the feed was provided, or `batch_id` is
    not active.
    """
    bronze = lake.bronze(feed)
    with bronze.receiving():
        selected, active = bronze.selected(), bronze.active()
        chosen = [record for record in active if batch_id in (None, record.batch_id)]
        if selected is None or not selected.is_provided or not chosen:
            held = ", ".join(record.batch_id for record in active) if selected and selected.is_provided else "none"
            raise CannotJudgeError(f"{feed} has no such batch that somebody provided. There are: {held}.")
        new = {record.batch_id: _judged(bronze, record, moment, reason) for record in chosen}
        after = [new.get(record.batch_id, record) for record in active]
        lake.sources[feed].remember(new.values())
        bronze.select(selected.source, after, is_provided=True)
    return list(new.values())


def _judged(bronze: Bronze, record: BatchRecord, moment: datetime, reason: str) -> BatchRecord:
    digest = hashlib.sha256(f"{record.sha256} {record.batch_id} judged {moment.isoformat()}".encode()).hexdigest()
    blank = replace(
        record,
        batch_id=digest[:BATCH_ID_LENGTH],
        received_at=moment,
        newest=None,
        rows_by_day={},
        replaces=record.batch_id,
        reason=reason,
    )
    return bronze.take(blank, _chunks(bronze, record))


def _chunks(bronze: Bronze, record: BatchRecord) -> Iterator[pl.DataFrame]:
    """The batch in the chunks it was received in."""
    by_chunk: dict[int, list[Path]] = {}
    for path in (piece for day in record.rows_by_day for piece in bronze.pieces(day, record)):
        by_chunk.setdefault(int(path.stem.rpartition("-")[2]), []).append(path)
    for number in sorted(by_chunk):
        yield pl.read_parquet(by_chunk[number], hive_partitioning=False, glob=False).sort(ROW).drop(ROW)
