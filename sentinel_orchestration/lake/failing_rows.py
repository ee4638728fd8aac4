"""A few rows that were quarantined, for whoever is told of it: where they came from, their key, and what is wrong with them."""

import json
from collections.abc import Iterator
from typing import Any

import polars as pl

from sentinel_orchestration.contracts import Contract
from sentinel_orchestration.lake.columns import RAW, ROW, RULES
from sentinel_orchestration.lake.rules import SUPERSEDED
from sentinel_orchestration.lake.silver import SOURCE_FILE
from sentinel_orchestration.layout import Layout

SAMPLE = (
    "sentinel/sample"  # in a failed check's metadata: some of the rows, as a list of objects, without personal columns
)
SAMPLE_ROWS, SAMPLE_CHARACTERS = 5, 60


def failing_rows(layout: Layout, contract: Contract) -> list[dict[str, Any]]:
    """Up to SAMPLE_ROWS quarantined rows, of the newest days: file, row, key, values at fault as they came, broken rules.

    A personal column is named among the rules and has no value.
    """
    found = list[dict[str, Any]]()
    for path in reversed(layout.quarantine_files(contract.feed).values()):
        rows = pl.scan_parquet(path, hive_partitioning=False).filter(pl.col(RULES) != SUPERSEDED)
        found += rows.head(SAMPLE_ROWS - len(found)).collect().rows(named=True)
        if len(found) == SAMPLE_ROWS:
            break
    return [dict(_told(row, contract)) for row in found]


def shortened(value: object) -> object:
    """A value as JSON takes it, cut to what a phone can show."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    return text if len(text) <= SAMPLE_CHARACTERS else f"{text[:SAMPLE_CHARACTERS]}…"


def _told(row: dict[str, Any], contract: Contract) -> Iterator[tuple[str, Any]]:
    came = json.loads(row[RAW]) if row[RAW] else {}
    at_fault = [rule.rpartition(".")[0] for rule in row[RULES].split(", ")]
    yield from (("file", row[SOURCE_FILE]), ("row", row[ROW]))
    for name in dict.fromkeys([*contract.key, *at_fault]):
        if name in row and name not in contract.personal:
            yield name, shortened(came.get(name, row[name]))
    yield "broken", row[RULES]
