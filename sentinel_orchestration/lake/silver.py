"""Gates bronze into silver and quarantine, a day at a time on disk, many days at a time in memory.

Belongs here: reading pieces, running the gate, writing its three outcomes, and knowing what needs no new gating. Does
not belong here: what a rule means (gate) or which batches count (received).
"""

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import polars as pl

from sentinel_orchestration.contracts import Contract
from sentinel_orchestration.files import replacing
from sentinel_orchestration.lake.batches import BatchRecord, Bronze
from sentinel_orchestration.lake.counts import DayCounts, file_metadata, read_counts, silver_counts, silver_file
from sentinel_orchestration.lake.gate import (
    DAY,
    GATE_VERSION,
    ORDER,
    RECEIVED,
    RULES,
    SUPERSEDED,
    Gated,
    conform_frame,
    gate,
)
from sentinel_orchestration.lake.moved import moved_digests, moved_keys
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.references import References

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
    references = References(lake, contract)
    moved = moved_keys(lake, contract, active)
    moves = moved_digests(moved)
    versions = {day: _version(contract, active[day], references.digest(day), moves.get(day, "")) for day in wanted}
    counts: dict[str, DayCounts] = {}
    stale: list[str] = []
    for day in wanted:
        present = read_counts(silver_file(lake.settings.silver_dir, feed, day))
        if present and present.version == versions[day]:
            counts[day] = present
        else:
            stale.append(day)
    for chunk in _chunks(stale, active, lake.settings.gate_chunk_rows):
        gated = gate(_read(lake.bronze(feed), chunk, active), contract, references.values(chunk), moved)
        for day_counts in _write(lake, contract, chunk, gated, active, versions):
            counts[day_counts.day] = day_counts
    _remove_inactive(lake, feed, set(active))
    return [counts[day] for day in wanted]


def unsettled_days(lake: Lake) -> list[str]:
    """The days of event feeds whose silver was made from other batches than those that count now, in order."""
    days: set[str] = set()
    for feed, contract in lake.contracts.items():
        if contract.kind == "event":
            held = {counts.day: counts.batches for counts in silver_counts(lake.settings.silver_dir, feed)}
            days |= {day for day, batches in lake.expected(feed).items() if held.get(day) != batches}
    return sorted(days)


def _chunks(days: list[str], active: Mapping[str, list[BatchRecord]], rows: int) -> Iterator[list[str]]:
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


def _read(bronze: Bronze, days: list[str], active: Mapping[str, list[BatchRecord]]) -> pl.DataFrame:
    """The conformed rows of `days`. Pieces of equal types are read in one scan."""
    groups: dict[tuple[tuple[str, str], ...], list[tuple[str, int, BatchRecord]]] = {}
    for day in days:
        for order, record in enumerate(active[day]):
            groups.setdefault(tuple(record.columns.items()), []).append((day, order, record))
    return pl.concat(conform_frame(_read_parts(bronze, parts), bronze.contract) for parts in groups.values())


def _read_parts(bronze: Bronze, parts: list[tuple[str, int, BatchRecord]]) -> pl.DataFrame:
    """The rows of (day, order of the batch in it, batch), as received, each with these beside it."""
    pieces = [piece for day, _, record in parts for piece in bronze.pieces(day, record)]
    rows = [record.rows_by_day[day] for day, _, record in parts]
    raw = pl.scan_parquet(pieces, hive_partitioning=False, glob=False).collect() if pieces else pl.DataFrame()
    if not pieces or raw.height != sum(rows):
        raise DamagedBronzeError(
            f"{bronze.folder} holds {raw.height:,} rows of {parts[0][0] or 'its snapshot'} to {parts[-1][0]} where its "
            f"records say {sum(rows):,}: a file was changed or lost. Remove {bronze.folder} and build again; files in "
            "the inbox are received anew."
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
        # Quarantine first: silver's version says the day is done, so nothing may be missing once it stands.
        _write_quarantine(silver_file(lake.settings.quarantine_dir, contract.feed, day), rejected, active[day])
        with replacing(silver_file(lake.settings.silver_dir, contract.feed, day)) as temporary:
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


def _remove_inactive(lake: Lake, feed: str, active_days: set[str]) -> None:
    for root in (lake.settings.silver_dir, lake.settings.quarantine_dir):
        for path in (root / feed).glob("day=*/part.parquet"):
            if path.parent.name.removeprefix("day=") not in active_days:
                shutil.rmtree(path.parent)


def _version(contract: Contract, records: Iterable[BatchRecord], references: str, moves: str) -> str:
    parts = [GATE_VERSION, contract.digest, references, moves, *(record.batch_id for record in records)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
