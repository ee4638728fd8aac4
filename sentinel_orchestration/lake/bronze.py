"""Receives batches: rows as they came, split by day, kept for good under a batch id that tells their content.

Belongs here: turning a file or a simulated day into pieces and a record. Does not belong here: rules about values.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from sentinel_orchestration.contracts import Contract
from sentinel_orchestration.feeds.inbox import sha256_of
from sentinel_orchestration.feeds.limits import MAX_EXPANSION
from sentinel_orchestration.feeds.openable import BatchRefusedError, check_openable, shown
from sentinel_orchestration.feeds.readers import read_chunks
from sentinel_orchestration.feeds.simulator import SIMULATOR_VERSION, World, simulate_days, simulate_snapshot
from sentinel_orchestration.files import copy_file, replacing
from sentinel_orchestration.lake.batches import SNAPSHOT_DAY, BatchRecord, Bronze
from sentinel_orchestration.lake.conform import check_shape, conform
from sentinel_orchestration.lake.gate import CLOCK_SKEW, DAY, EARLIEST_EVENT, PATH, PROVENANCE, ROW
from sentinel_orchestration.lock import locked

BATCH_ID_LENGTH = 16
OUR_NAMES = {*PROVENANCE, PATH}


def receive_file(
    bronze: Bronze,
    path: Path,
    received_at: datetime,
    chunk_rows: int,
    name: str | None = None,
    max_expansion: int = MAX_EXPANSION,
) -> BatchRecord:
    """Receives a file into bronze; a file received before changes nothing and gives its first record.

    A file that breaks the shape of its contract is kept whole, as it came, and its record says why it was refused; it
    is tried anew each time, as the contract may have changed since. `name` is the file's path inside the inbox, where
    that is more than its bare name. What cannot be opened at all (a pipe, a broken link) leaves nothing but the answer.
    """
    contract, is_in_inbox, name = bronze.contract, name is not None, name or path.name
    try:
        check_openable(path)
    except BatchRefusedError as error:
        return BatchRecord(contract.feed, "", "inbox", shown(name), "", received_at, refused_because=str(error))
    with locked(bronze.folder / "receive.lock"):  # an ingest and a build may have the same file in hand
        sha256, stat = sha256_of(path), path.stat()
        record = BatchRecord(
            contract.feed,
            sha256[:BATCH_ID_LENGTH],
            "inbox",
            name,
            sha256,
            received_at,
            size=stat.st_size,
            modified_ns=stat.st_mtime_ns,
        )
        return _receive(bronze, path, record, is_in_inbox, read_chunks(path, chunk_rows, max_expansion))


def _receive(
    bronze: Bronze, path: Path, record: BatchRecord, is_in_inbox: bool, chunks: Iterable[pl.DataFrame]
) -> BatchRecord:
    batch_id = record.batch_id
    known = bronze.get(batch_id) if bronze.has(batch_id) else None
    if known and not known.refused_because:
        if not is_in_inbox:
            return known  # a build finds it by the name and time it has in the inbox
        known = replace(known, source_file=record.source_file, size=record.size, modified_ns=record.modified_ns)
        bronze.record(known)  # the same content under another name or time
        return known
    bronze.discard(batch_id)  # what a killed attempt, or a refused one, left over
    try:
        record = _keep(bronze, record, chunks)
    except BatchRefusedError as error:
        bronze.discard(batch_id)
        copy_file(path, bronze.refused_file(batch_id, path.suffix))
        record = replace(record, refused_because=str(error))
    bronze.record(record)
    return record


def simulated_batch(contract: Contract, world: World, day: str, as_of: datetime) -> BatchRecord:
    """The record of a simulated batch before it is made: a pure function of what is simulated.

    Only the last day before `as_of` depends on the hour; earlier days are complete and keep their batch for good.
    """
    is_last = not day or day == (as_of - timedelta(hours=1)).date().isoformat()
    until = as_of if is_last else datetime.fromisoformat(day) + timedelta(days=1)
    specification = (
        f"simulator {SIMULATOR_VERSION}: {contract.feed} seed={world.seed} sites={world.sites} towers={world.towers}"
        f" day={day or 'all'} until={until.isoformat() if is_last else 'end of day'}"
    )
    sha256 = hashlib.sha256(specification.encode()).hexdigest()
    return BatchRecord(contract.feed, sha256[:BATCH_ID_LENGTH], "simulator", specification, sha256, until)


def receive_simulated(bronze: Bronze, world: World, days: Iterable[str], as_of: datetime) -> list[BatchRecord]:
    """Receives the simulated batches of `days` ("" for a snapshot feed), making only those not there yet."""
    feed = bronze.contract.feed
    expected = {day: simulated_batch(bronze.contract, world, day, as_of) for day in days}
    missing = [day for day, record in expected.items() if not bronze.has(record.batch_id)]
    if bronze.contract.kind == "event":
        frames = simulate_days(feed, world, map(date.fromisoformat, missing), as_of)
    else:
        frames = (simulate_snapshot(feed, world, as_of) for _ in missing)
    for day, frame in zip(missing, frames, strict=True):
        record = expected[day]
        _write(bronze.piece(day, record.batch_id, 0), frame.with_row_index(ROW, offset=1))
        bronze.record(replace(record, rows_by_day={day: frame.height}, columns=_dtypes(frame)))
    return [bronze.get(record.batch_id) for record in expected.values()]


def _keep(bronze: Bronze, record: BatchRecord, chunks: Iterable[pl.DataFrame]) -> BatchRecord:
    """Writes the chunks of a file as pieces by day. Raises BatchRefusedError where the shape is wrong."""
    contract = bronze.contract
    rows: dict[str, int] = {}
    seen, first_day, extra = 0, None, []
    columns: dict[str, str] = {}
    for number, chunk in enumerate(chunks):
        clash = [name for name in chunk.columns if name in OUR_NAMES]
        if clash:
            raise BatchRefusedError(f"{record.source_file}: column {clash[0]} has a name Sentinel uses. Rename it.")
        extra = check_shape(dict(chunk.schema), contract, record.source_file)
        columns = columns or _dtypes(chunk)
        chunk = chunk.with_row_index(ROW, offset=seen + 1)
        seen += chunk.height
        days = _days(chunk, contract, record)
        first_day = first_day or next((day for day in days.drop_nulls()), record.received_at.date().isoformat())
        for (day,), piece in (
            chunk.with_columns(days.fill_null(first_day).alias(DAY))
            .partition_by(DAY, as_dict=True, include_key=False)
            .items()
        ):
            _write(bronze.piece(str(day), record.batch_id, number), piece)
            rows[str(day)] = rows.get(str(day), 0) + piece.height
    return replace(record, rows_by_day=rows, columns=columns, extra_columns=tuple(extra))


def _days(chunk: pl.DataFrame, contract: Contract, record: BatchRecord) -> pl.Series:
    """The day each row belongs to; null where the event time is absent, unreadable or implausible.

    Such rows travel with the first dated row of their file, so that the gate sees and quarantines them.
    """
    if contract.event_time is None:
        return pl.Series([SNAPSHOT_DAY]).new_from_index(0, chunk.height)
    column = next(c for c in contract.columns if c.name == contract.event_time)
    moment = chunk.select(conform(column, chunk.schema[column.name])).to_series()
    plausible = (moment >= EARLIEST_EVENT) & (moment <= record.received_at + CLOCK_SKEW)
    return pl.select(pl.when(plausible).then(moment.dt.strftime("%Y-%m-%d"))).to_series()


def _dtypes(frame: pl.DataFrame) -> dict[str, str]:
    return {name: str(dtype) for name, dtype in frame.schema.items() if name != ROW}


def _write(path: Path, frame: pl.DataFrame) -> None:
    with replacing(path) as temporary:
        frame.write_parquet(temporary, compression="zstd", compression_level=1, statistics=False)


def now() -> datetime:
    """The moment of receipt, naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)
