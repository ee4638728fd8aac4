"""Gates bronze into silver and quarantine, one file per day on disk, many days at a time in memory."""

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import polars as pl

from sentinel_orchestration.contracts import Contract
from sentinel_orchestration.contracts.mapping import parse_map
from sentinel_orchestration.feeds.source import BatchRecord
from sentinel_orchestration.files import replacing
from sentinel_orchestration.lake.bronze import Bronze
from sentinel_orchestration.lake.columns import DAY, ORDER, RECEIVED, RULES
from sentinel_orchestration.lake.conform import contract_schema
from sentinel_orchestration.lake.counts import DayCounts, file_metadata, read_counts
from sentinel_orchestration.lake.foreign_keys import ForeignKeys
from sentinel_orchestration.lake.gate import GATE_VERSION, Gated, conform_frame, gate
from sentinel_orchestration.lake.late_keys import moved_digests, moved_keys
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.rules import SUPERSEDED
from sentinel_orchestration.layout import PLACEHOLDER_DAY, SNAPSHOT_DAY, Layout

SOURCE_FILE = "_source_file"


class DamagedBronzeError(RuntimeError):
    """Bronze does not hold what its records say."""


def gate_feed(lake: Lake, feed: str, days: Iterable[str] | None = None) -> list[DayCounts]:
    """Brings silver and quarantine of a feed up to date, for `days` or for all, and gives the counts of those days.

    A day made from the same batches, contract and referenced keys is left as it is. Days that no active batch holds any
    more are removed.
    """
    contract, active = lake.contracts[feed], lake.active(feed)
    asked = None if days is None else set(days)
    wanted = [day for day in active if asked is None or day in asked]
    references = ForeignKeys(lake, contract)
    moved = moved_keys(lake, contract, active)
    moves = moved_digests(moved)
    versions = {day: _version(contract, active[day], references.digest(day), moves.get(day, "")) for day in wanted}
    counts: dict[str, DayCounts] = {}
    stale: list[str] = []
    for day in wanted:
        present = read_counts(lake.layout.silver_file(feed, day))
        if present and present.version == versions[day]:
            counts[day] = present
        else:
            stale.append(day)
    for chunk in days_at_once(stale, active, lake.settings.gate_chunk_rows):
        gated = gate(read_batches(lake.bronze(feed), chunk, active), contract, references.values(chunk), moved)
        for day_counts in _write(lake, contract, chunk, gated, active, versions):
            counts[day_counts.day] = day_counts
    _remove_inactive(lake, contract, set(active))
    keep_schema(lake.layout, contract)
    return [counts[day] for day in wanted]


def keep_schema(layout: Layout, contract: Contract) -> None:
    """Keeps a file without rows for a feed that has none, so that its tables exist and are empty."""
    nothing = _no_rows(contract)
    placeholder = layout.silver_file(contract.feed, nothing.day)
    others = [path for path in layout.silver_files(contract.feed).values() if path != placeholder]
    present = read_counts(placeholder)
    if others:
        shutil.rmtree(placeholder.parent, ignore_errors=True)
    elif present is None or (not present.batches and present != nothing):
        with replacing(placeholder) as temporary:
            pl.DataFrame(schema=contract_schema(contract)).write_parquet(temporary, metadata=file_metadata(nothing))


def _no_rows(contract: Contract) -> DayCounts:
    """The counts of the file that stands for a feed without rows."""
    day = PLACEHOLDER_DAY if contract.kind == "event" else SNAPSHOT_DAY
    version = f"no rows, contract {contract.digest}"
    return DayCounts(day, version, received=0, good=0, quarantined=0, superseded=0, duplicates=0)


def days_at_once(days: list[str], active: Mapping[str, list[BatchRecord]], rows: int) -> Iterator[list[str]]:
    """Whole days, as many at once as hold about `rows` rows together."""
    chunk: list[str] = []
    held = 0
    for day in days:
        size = sum(record.rows_by_day[day] for record in active[day])
        if chunk and held + size > rows:
            yield chunk
            chunk, held = [], 0
        chunk.append(day)
        held += size
    if chunk:
        yield chunk


def read_batches(bronze: Bronze, days: list[str], active: Mapping[str, list[BatchRecord]]) -> pl.DataFrame:
    """The conformed rows of `days`. Pieces of equal types, received under one map, are read in one scan."""
    groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[tuple[str, int, BatchRecord]]] = {}
    for day in days:
        for order, record in enumerate(active[day]):
            groups.setdefault((record.mapping, tuple(record.columns.items())), []).append((day, order, record))
    return pl.concat(
        conform_frame(_read_parts(bronze, parts), bronze.contract, parse_map(mapping))
        for (mapping, _), parts in groups.items()
    )


def _read_parts(bronze: Bronze, parts: list[tuple[str, int, BatchRecord]]) -> pl.DataFrame:
    """The rows of (day, order of the batch in it, batch), as received, each with these beside it."""
    pieces = [piece for day, _, record in parts for piece in bronze.pieces(day, record)]
    rows = [record.rows_by_day[day] for day, _, record in parts]
    raw = pl.scan_parquet(pieces, hive_partitioning=False, glob=False).collect() if pieces else pl.DataFrame()
    if not pieces or raw.height != sum(rows):
        raise DamagedBronzeError(
            f"{bronze.folder} holds {raw.height:,} rows of {parts[0][0] or 'its snapshot'} to {parts[-1][0]} where its "
            f"records say {sum(rows):,}: a file was changed or lost. Remove {bronze.folder} and build again; files in "
            "the inbox are received again."
        )
    origin = pl.DataFrame(
        [(day, order, record.received_at) for day, order, record in parts],
        schema={DAY: pl.String, ORDER: pl.UInt32, RECEIVED: pl.Datetime("us")},
        orient="row",
    )
    return raw.hstack(origin[np.repeat(np.arange(len(parts)), rows)])


def _write(
    lake: Lake,
    contract: Contract,
    days: list[str],
    gated: Gated,
    active: Mapping[str, list[BatchRecord]],
    versions: Mapping[str, str],
) -> Iterator[DayCounts]:
    good = _by_day(gated.good)
    bad = _by_day(gated.quarantined)
    duplicates = dict(gated.duplicates.group_by(DAY).len().iter_rows())
    for day in days:
        rows = good.get(day, gated.good.clear().drop(DAY))
        rejected = bad.get(day, gated.quarantined.clear().drop(DAY))
        superseded = rejected.filter(pl.col(RULES) == SUPERSEDED).height
        counts = DayCounts(
            day=day,
            version=versions[day],
            received=sum(record.rows_by_day[day] for record in active[day]),
            good=rows.height,
            quarantined=rejected.height - superseded,
            superseded=superseded,
            duplicates=duplicates.get(day, 0),
            batches=[record.batch_id for record in active[day]],
        )
        # Quarantine first: silver's version says the day is done, so nothing may be missing once it is there.
        _write_quarantine(lake.layout.quarantine_file(contract.feed, day), rejected, active[day])
        with replacing(lake.layout.silver_file(contract.feed, day)) as temporary:
            rows.write_parquet(temporary, compression="lz4", metadata=file_metadata(counts))
        yield counts


def _write_quarantine(path: Path, rejected: pl.DataFrame, records: list[BatchRecord]) -> None:
    if rejected.is_empty():
        path.unlink(missing_ok=True)
        return
    sources = {order: record.source_file for order, record in enumerate(records)}
    with replacing(path) as temporary:
        rejected.with_columns(pl.col(ORDER).replace_strict(sources, return_dtype=pl.String).alias(SOURCE_FILE)).drop(
            ORDER
        ).write_parquet(temporary, compression="zstd")


def _by_day(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Day → its rows. Days that follow each other are slices, which cost nothing."""
    runs = frame.select(pl.col(DAY).rle()).unnest(DAY)
    if runs["value"].is_unique().all():
        ends, plain = runs["len"].cum_sum(), frame.drop(DAY)
        return {
            day: plain.slice(end - rows, rows) for day, rows, end in zip(runs["value"], runs["len"], ends, strict=True)
        }
    parts = frame.partition_by(DAY, as_dict=True, include_key=False, maintain_order=True)
    return {str(day): part for (day,), part in parts.items()}


def _remove_inactive(lake: Lake, contract: Contract, active_days: set[str]) -> None:
    silver, quarantine = lake.layout.silver_files(contract.feed), lake.layout.quarantine_files(contract.feed)
    held = [path for day, path in silver.items() if day not in active_days and read_counts(path) != _no_rows(contract)]
    for path in (*held, *(path for day, path in quarantine.items() if day not in active_days)):
        shutil.rmtree(path.parent)


def _version(contract: Contract, records: Iterable[BatchRecord], references: str, moves: str) -> str:
    parts = [GATE_VERSION, contract.digest, references, moves, *(record.batch_id for record in records)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
