"""What the gate will reject of a batch that was just received: judged in memory, before any build, and nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from sentinel_orchestration.contracts import Reference
from sentinel_orchestration.feeds.source import BatchRecord
from sentinel_orchestration.lake.columns import DAY, RULES
from sentinel_orchestration.lake.foreign_keys import days_around
from sentinel_orchestration.lake.gate import gate
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.rejects import merged, tally
from sentinel_orchestration.lake.rules import SUPERSEDED
from sentinel_orchestration.lake.silver import days_at_once, read_batches

Batches = dict[str, list[BatchRecord]]


@dataclass(frozen=True)
class Preview:
    """What is to be expected of a batch.

    rows: received. quarantined: of these, rows that break a rule. rejected: their tally, superseded rows among them.
    unjudged: (column, reference) of the foreign keys that lead to a feed without rows.
    """

    rows: int
    quarantined: int
    rejected: pl.DataFrame
    unjudged: list[tuple[str, Reference]]


def preview(lake: Lake, record: BatchRecord) -> Preview:
    """Gates a received batch by itself against the keys that the next build will know.

    What other batches of its feed do to it is not looked at: a newer version of a row, or the same row again.
    """
    contract, active = lake.contracts[record.feed], {day: [record] for day in record.rows_by_day}
    held = {reference: coming(lake, reference.feed) for _, reference in contract.references}
    quarantined, tallies = 0, []
    for days in days_at_once(sorted(active), active, lake.settings.gate_chunk_rows):
        known = {reference: _values(lake, reference, batches, days) for reference, batches in held.items() if batches}
        rejected = gate(read_batches(lake.bronze(record.feed), days, active), contract, known).quarantined
        quarantined += rejected.filter(pl.col(RULES) != SUPERSEDED).height
        tallies.append(tally(rejected, contract))
    unjudged = [(column, reference) for column, reference in contract.references if not held[reference]]
    return Preview(record.rows, quarantined, merged(tallies), unjudged)


def coming(lake: Lake, feed: str) -> Batches:
    """Day → the batches that the next build will have of a feed: those that count, and what was submitted since.

    A file that was submitted and taken out of the inbox again is among them; only a build notices that.
    """
    source, bronze = lake.sources[feed], lake.bronze(feed)
    selected = bronze.selected()
    counted = source.active(bronze) if selected and selected.source == source.kind else []  # else from another source
    records = {record.batch_id: record for record in counted}
    if source.is_provided:
        submitted = (record for record in bronze.records() if record.source == source.kind)
        records |= {record.batch_id: record for record in submitted if not record.refused_because}
    by_day: Batches = {}
    for record in records.values():
        for day in record.rows_by_day:
            by_day.setdefault(day, []).append(record)
    return by_day


def _values(lake: Lake, reference: Reference, batches: Batches, days: Sequence[str]) -> pl.Series | pl.DataFrame:
    """The values of received batches that rows of `days` may refer to, in the form that `gate` takes."""
    is_event = lake.contracts[reference.feed].kind == "event"
    near = {day: [d for d in days_around(day) if d in batches] if is_event and day else list(batches) for day in days}
    wanted = sorted({other for others in near.values() for other in others})
    parts = [
        read_batches(lake.bronze(reference.feed), chunk, batches).select(reference.column, DAY).drop_nulls().unique()
        for chunk in days_at_once(wanted, batches, lake.settings.gate_chunk_rows)
    ]
    values = pl.concat(parts) if parts else pl.DataFrame(schema={reference.column: pl.String, DAY: pl.String})
    if not is_event:
        return values.to_series().unique()
    pairs = [(other, day) for day, others in near.items() for other in others]
    referring = pl.DataFrame(pairs, schema={DAY: pl.String, "_of": pl.String}, orient="row")
    return values.join(referring, on=DAY).select(reference.column, pl.col("_of").alias(DAY))
