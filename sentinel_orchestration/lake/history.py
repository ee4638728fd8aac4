"""What a snapshot feed said before. A snapshot holds only what is true now; bronze keeps those that said something new.

Kept for the columns whose contract says `history`. It depends on when batches came, so it is no part of the content hash.
"""

import hashlib
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path

import polars as pl

from sentinel_orchestration.contracts import Contract
from sentinel_orchestration.contracts.mapping import parse_map
from sentinel_orchestration.feeds.source import BatchRecord
from sentinel_orchestration.files import replacing
from sentinel_orchestration.lake.bronze import Bronze
from sentinel_orchestration.lake.mapped import named
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.layout import SNAPSHOT_DAY

SCHEMA = {"key": pl.String, "column_name": pl.String, "value": pl.String, "seen_from": pl.Date}
IDENTITY = ("key", "column_name")
UP_TO = (
    "sentinel.up_to"  # what the file has absorbed: a digest of contract, source, and the batches in order of receipt
)


def update_history(lake: Lake, contract: Contract) -> None:
    """Adds the batches that came since the last time. A run costs its new batches; a file that is gone is made again."""
    if not _columns(contract):
        return
    path, source, records = (
        lake.layout.history_file(contract.feed),
        lake.source(contract.feed),
        _told_by(lake, contract),
    )
    places = list(accumulate(map(_place, records), _digest, initial=f"{contract.digest} {source}"))[1:]
    held, before = _held(path)
    if held in places:
        new = records[places.index(held) + 1 :]
    else:
        new, before = records, pl.DataFrame(schema=SCHEMA)
    if new:
        with replacing(path) as temporary:
            changes([before, *_seen(lake.bronze(contract.feed), new)]).write_parquet(
                temporary, metadata={UP_TO: places[-1]}
            )


def read_history(lake: Lake, feed: str) -> pl.DataFrame:
    """One row per key, column and value: `key`, `column_name`, `value` (text), `seen_from` (UTC day of receipt).

    Empty for a feed whose contract keeps no history. Several key columns are joined by `|`.
    """
    return _held(lake.layout.history_file(feed))[1]


def telling_batches(lake: Lake, contract: Contract) -> set[str]:
    """Ids of the batches that say something new. Without the others, the history comes out the same, made again too."""
    if not _columns(contract):
        return set()
    records = _told_by(lake, contract)
    seen = zip(records, _seen(lake.bronze(contract.feed), records), strict=True)
    rows = [rows.with_columns(batch=pl.lit(record.batch_id)) for record, rows in seen]
    if not rows:
        return set()
    return set(pl.concat(rows).sort(*IDENTITY, "seen_from", maintain_order=True).filter(_differs())["batch"])


def changes(seen: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Of frames in order of receipt, the rows whose value differs from the one before; of a day, its last value."""
    rows = pl.concat(seen).group_by(*IDENTITY, "seen_from", maintain_order=True).last()
    rows = rows.sort(*IDENTITY, "seen_from", maintain_order=True)
    return rows.filter(_differs()).select(*SCHEMA)


def _differs() -> pl.Expr:
    """Whether a value is another than the one in the row before, of the same key and column."""
    return pl.col("value").ne_missing(pl.col("value").shift().over(*IDENTITY))


def _told_by(lake: Lake, contract: Contract) -> list[BatchRecord]:
    """The batches that the history is made of, in order of receipt."""
    source = lake.source(contract.feed)
    return _received_once(
        [r for r in lake.bronze(contract.feed).records() if r.source == source and not r.refused_because],
        [record for found in lake.active(contract.feed).values() for record in found],
    )


def _held(path: Path) -> tuple[str | None, pl.DataFrame]:
    """What the file has absorbed and its rows; nothing where it is not there or damaged, for then it is made again."""
    try:
        return pl.read_parquet_metadata(path).get(UP_TO), pl.read_parquet(path)
    except (FileNotFoundError, pl.exceptions.ComputeError):
        return None, pl.DataFrame(schema=SCHEMA)


def _place(record: BatchRecord) -> str:
    return f"{record.received_at.isoformat()} {record.batch_id}"


def _digest(before: str, place: str) -> str:
    return hashlib.sha256(f"{before} {place}".encode()).hexdigest()


def _received_once(records: Iterable[BatchRecord], active: Iterable[BatchRecord]) -> list[BatchRecord]:
    """Without the batches whose content was received again since, under another map."""
    counting = {record.batch_id: record.sha256 for record in active}
    again = set(counting.values())
    return [record for record in records if record.batch_id in counting or record.sha256 not in again]


def _seen(bronze: Bronze, records: Iterable[BatchRecord]) -> Iterable[pl.DataFrame]:
    contract = bronze.contract
    key = pl.concat_str(pl.col(*contract.key).cast(pl.String), separator="|").alias("key")
    for record in records:
        maps = parse_map(record.mapping).applied_to(record.columns)
        columns = [name for name in _columns(contract) if name in record.columns or name in maps]
        read = [column for column in contract.columns if column.is_key or column.name in columns]
        raw = pl.scan_parquet(bronze.pieces(SNAPSHOT_DAY, record), glob=False)
        rows = named(raw, read, maps).select(key, pl.col(columns).cast(pl.String))
        values = rows.unpivot(index="key", variable_name="column_name", value_name="value").drop_nulls()
        yield values.with_columns(seen_from=pl.lit(record.received_at.date())).select(*SCHEMA).collect()


def _columns(contract: Contract) -> list[str]:
    return [column.name for column in contract.columns if column.keeps_history]
