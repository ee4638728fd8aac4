"""Keys that came again on another day: only the version received last may stay, whichever day it is on.

A newer version counts as received even where the gate rejects it: both are then in quarantine.
"""

import hashlib
from collections.abc import Mapping, Sequence

import polars as pl

from sentinel_orchestration.contracts import Contract
from sentinel_orchestration.contracts.mapping import parse_map
from sentinel_orchestration.feeds.source import BatchRecord
from sentinel_orchestration.lake.columns import DAY, ORDER, PATH, ROW
from sentinel_orchestration.lake.conform import contract_schema
from sentinel_orchestration.lake.mapped import conformed
from sentinel_orchestration.lake.received import Lake


def moved_keys(lake: Lake, contract: Contract, active: Mapping[str, Sequence[BatchRecord]]) -> pl.DataFrame:
    """(key columns, `_day`) of every row whose key was received later on another day.

    Empty for a feed whose key holds its event time, and for a simulated one, which never moves a row. Reads the key
    columns of all batches, and nothing else.
    """
    nothing = pl.DataFrame(schema={**{name: contract_schema(contract)[name] for name in contract.key}, DAY: pl.String})
    if contract.event_time in (None, *contract.key) or not lake.sources[contract.feed].may_move_rows:
        return nothing
    keys = _keys(lake, contract, active)
    if keys.is_empty() or not keys.select(contract.key).is_duplicated().any():
        return nothing
    again = keys.drop_nulls(contract.key).filter(pl.col(DAY).n_unique().over(contract.key) > 1)
    newest = again.sort(ORDER, ROW).group_by(contract.key).agg(pl.col(DAY).last().alias("_newest_day"))
    moved = again.join(newest, on=contract.key).filter(pl.col(DAY) != pl.col("_newest_day"))
    return moved.select(*contract.key, DAY).unique()


def moved_digests(moved: pl.DataFrame) -> dict[str, str]:
    """Day → sha256 of the keys that left it."""
    return {
        str(day): hashlib.sha256(
            "\n".join(
                part.sort(pl.all()).select(pl.concat_str(pl.all().cast(pl.String), separator="\t")).to_series()
            ).encode()
        ).hexdigest()
        for (day,), part in moved.partition_by(DAY, as_dict=True, include_key=False).items()
    }


def _keys(lake: Lake, contract: Contract, active: Mapping[str, Sequence[BatchRecord]]) -> pl.DataFrame:
    """Key, `_row`, `_order` (of receipt, over all days) and `_day` of every active row."""
    bronze = lake.bronze(contract.feed)
    records = {record.batch_id: record for found in active.values() for record in found}
    received = sorted(records.values(), key=bronze.order)
    columns = [column for column in contract.columns if column.is_key]
    frames = []
    for order, record in enumerate(received):
        pieces = [(str(piece), day) for day in record.rows_by_day for piece in bronze.pieces(day, record)]
        origin = pl.LazyFrame(pieces, schema={PATH: pl.String, DAY: pl.String}, orient="row")
        raw = pl.scan_parquet(
            [path for path, _ in pieces], include_file_paths=PATH, hive_partitioning=False, glob=False
        )
        keys = conformed(raw, columns, parse_map(record.mapping), [ROW, PATH]).join(origin, on=PATH)
        frames.append(keys.select(*contract.key, ROW, pl.lit(order).alias(ORDER), DAY).collect())
    return pl.concat(frames) if frames else pl.DataFrame()
