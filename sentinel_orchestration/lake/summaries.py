"""What a person sees of a bronze or silver asset in Dagster: counts, a sample of what was rejected, a plot of the days."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import dagster as dg
import polars as pl

from sentinel_orchestration.contracts import Contract
from sentinel_orchestration.feeds.source import BatchRecord
from sentinel_orchestration.lake.columns import RULES
from sentinel_orchestration.lake.counts import DayCounts
from sentinel_orchestration.lake.received import Lake

SPARKS = "▁▂▃▄▅▆▇█"
SAMPLE_ROWS = 5
LISTED_DAYS = 14
ARROW_TYPES = {
    "string": "varchar",
    "integer": "bigint",
    "number": "double",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}


def column_schema(contract: Contract) -> dg.TableSchema:
    """The contract's columns as Dagster shows them, rules and units in the description."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=ARROW_TYPES[column.type],
                description=" ".join(
                    part
                    for part in (
                        column.description,
                        f"[{column.unit}]" if column.unit else "",
                        column.dictionary_text(),
                    )
                    if part
                ),
                constraints=dg.TableColumnConstraints(
                    nullable=not column.is_required, unique=contract.key == [column.name]
                ),
            )
            for column in contract.columns
        ]
    )


def batch_metadata(lake: Lake, feed: str, active: Mapping[str, Sequence[BatchRecord]]) -> dict[str, dg.MetadataValue]:
    """Rows, batches, bytes and sources of the days a bronze run covered."""
    bronze = lake.bronze(feed)
    rows = {day: sum(record.rows_by_day[day] for record in records) for day, records in active.items()}
    pieces = [piece for day, records in active.items() for record in records for piece in bronze.pieces(day, record)]
    records = {record.batch_id: record for found in active.values() for record in found}
    return {
        "dagster/row_count": dg.MetadataValue.int(sum(rows.values())),
        "columns": dg.MetadataValue.int(max((len(record.columns) for record in records.values()), default=0)),
        "bytes": dg.MetadataValue.int(_bytes(pieces)),
        "batches": dg.MetadataValue.int(len(records)),
        "source": dg.MetadataValue.text(lake.source(feed)),
        "rows_by_day": dg.MetadataValue.md(_plot(rows)),
        "uri": dg.MetadataValue.path(str(bronze.folder)),
    }


def gate_metadata(lake: Lake, feed: str, counts: Sequence[DayCounts]) -> dict[str, dg.MetadataValue]:
    """How rows went through the gate, by day, with a sample of those rejected."""
    files = [lake.layout.silver_file(feed, c.day) for c in counts]
    return {
        "dagster/row_count": dg.MetadataValue.int(sum(c.good for c in counts)),
        "columns": dg.MetadataValue.int(len(lake.contracts[feed].columns)),
        "bytes": dg.MetadataValue.int(_bytes(files)),
        "rows_received": dg.MetadataValue.int(sum(c.received for c in counts)),
        "rows_quarantined": dg.MetadataValue.int(sum(c.quarantined for c in counts)),
        "rows_superseded": dg.MetadataValue.int(sum(c.superseded for c in counts)),
        "rows_duplicate": dg.MetadataValue.int(sum(c.duplicates for c in counts)),
        "rows_by_day": dg.MetadataValue.md(_plot({c.day: c.good for c in counts})),
        "gate_by_day": dg.MetadataValue.md(_counts_table(counts)),
        "quarantine_sample": dg.MetadataValue.md(_sample(lake, feed, counts)),
        "uri": dg.MetadataValue.path(str(lake.layout.silver / feed)),
    }


def _plot(rows: Mapping[str, int]) -> str:
    """One bar per day, with the least and the most beside it."""
    if not rows or "" in rows:
        return f"{sum(rows.values()):,} rows in the snapshot"
    most = max(rows.values()) or 1
    bars = "".join(SPARKS[min(len(SPARKS) - 1, value * len(SPARKS) // (most + 1))] for value in rows.values())
    days = list(rows)
    return f"`{bars}`\n\n{days[0]} to {days[-1]}: {min(rows.values()):,} to {most:,} rows per day"


def _counts_table(counts: Sequence[DayCounts]) -> str:
    lines = ["| day | received | good | quarantined | superseded | duplicates |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {c.day or 'all'} | {c.received:,} | {c.good:,} | {c.quarantined:,} | {c.superseded:,} | {c.duplicates:,} |"
        for c in counts[-LISTED_DAYS:]
    ]
    if len(counts) > LISTED_DAYS:
        lines.append(f"\nThe last {LISTED_DAYS} of {len(counts)} days.")
    return "\n".join(lines)


def _sample(lake: Lake, feed: str, counts: Sequence[DayCounts]) -> str:
    paths = [path for c in counts if c.quarantined and (path := lake.layout.quarantine_file(feed, c.day)).exists()]
    if not paths:
        return "Nothing was quarantined."
    sample = pl.scan_parquet(paths, hive_partitioning=False).head(SAMPLE_ROWS).collect()
    names = [RULES, "_source_file", "_row", *lake.contracts[feed].column_names]
    lines = ["| " + " | ".join(name.lstrip("_") for name in names) + " |", "|---" * len(names) + "|"]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in sample.select(names).iter_rows()]
    return "\n".join(lines)


def _cell(value: object) -> str:
    """A value as text that can break neither the table nor the page."""
    text = "" if value is None else str(value)[:60]
    return "".join(f"&#{ord(character)};" if character in "|<>&`[]\n\r" else character for character in text)


def _bytes(paths: Sequence[Path]) -> int:
    return sum(path.stat().st_size for path in paths if path.exists())
