"""Rows of a snapshot that go back: a newer version no longer has a time that an older one had, so something un-happened.

An incident that was closed is open again, a part that failed works: either that is true, or exports came in the wrong order.
"""

import polars as pl

from sentinel_orchestration.contracts import Contract
from sentinel_orchestration.lake.columns import RULES
from sentinel_orchestration.lake.rules import SUPERSEDED
from sentinel_orchestration.layout import Layout

COLUMN, BEFORE, SOURCE_FILE = "column", "before", "_source_file"


def reversals(layout: Layout, contract: Contract) -> pl.DataFrame:
    """One row per key and column that went back: the key columns, `column`, `before` (text) and the older `_source_file`."""
    schema = dict.fromkeys([*contract.key, COLUMN, BEFORE, SOURCE_FILE], pl.String)
    older, newer = layout.quarantine_file(contract.feed), layout.silver_file(contract.feed)
    times = [c.name for c in contract.columns if c.type in ("timestamp", "date") and not c.is_required]
    if not (times and older.exists() and newer.exists()):
        return pl.DataFrame(schema=schema)
    replaced = pl.scan_parquet(older, hive_partitioning=False).filter(pl.col(RULES) == SUPERSEDED)
    kept = pl.scan_parquet(newer, hive_partitioning=False).select(*contract.key, *times)
    pairs = replaced.join(kept, on=contract.key, suffix=".now")
    found = [
        pairs.filter(pl.col(name).is_not_null() & pl.col(f"{name}.now").is_null()).select(
            *(pl.col(key).cast(pl.String) for key in contract.key),
            pl.lit(name).alias(COLUMN),
            pl.col(name).cast(pl.String).alias(BEFORE),
            SOURCE_FILE,
        )
        for name in times
    ]
    return pl.concat(found).unique([*contract.key, COLUMN], keep="last").sort(pl.all()).collect()
