"""What the gate rejected: how many rows per rule, and the values that broke it.

Quarantine is read day by day and added up, so a feed that was rejected as a whole needs no more memory than one day of it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce

import polars as pl

from sentinel_orchestration.contracts import Contract
from sentinel_orchestration.lake.columns import RAW, ROW, RULES
from sentinel_orchestration.lake.rules import SUPERSEDED
from sentinel_orchestration.lake.silver import SOURCE_FILE
from sentinel_orchestration.layout import Layout

RULE, VALUE, ROWS = "rule", "value", "rows"
SCHEMA = {RULE: pl.String, VALUE: pl.String, ROWS: pl.Int64, SOURCE_FILE: pl.String, ROW: pl.UInt32}
KEPT_VALUES = 1000  # per rule: of a broken column of numbers, every row may have another
KEPT_CHARACTERS = 61  # of a value: enough to see that it is longer than what is shown of it
FIRST = pl.col(SOURCE_FILE, ROW).first()


@dataclass(frozen=True)
class BrokenRule:
    """A rule that rows broke: how many, with which value most often, and with how many values.

    `value` is None where no single value is at fault. `file` and `row` say where it was first; `file` is None where the
    rows come straight from the gate.
    """

    rule: str
    rows: int
    value: str | None
    values: int
    file: str | None
    row: int


def rejects_of(layout: Layout, contract: Contract) -> pl.DataFrame:
    """The tally (see `tally`) of all that is in quarantine."""
    return merged(tally(rows, contract) for rows in quarantined(layout, contract.feed))


def quarantined(layout: Layout, feed: str) -> Iterator[pl.DataFrame]:
    """The rejected rows of each day that has any, oldest first."""
    for path in layout.quarantine_files(feed).values():
        yield pl.read_parquet(path, hive_partitioning=False)


def tally(rejected: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """One row per rule and value that broke it, as text: how many rows, and where the first of them came from.

    `value` is null where no single value is at fault. Superseded rows are counted under their own rule.
    """
    if SOURCE_FILE not in rejected.columns:  # straight from the gate
        rejected = rejected.with_columns(pl.lit(None, dtype=pl.String).alias(SOURCE_FILE))
    rows = rejected.with_columns(pl.col(RULES).str.split(", "))
    rules = rows.select(pl.col(RULES).explode().unique().sort()).to_series()
    parts = [
        rows.lazy()
        .filter(pl.col(RULES).list.contains(rule))
        .group_by(_value(rule, contract).alias(VALUE))
        .agg(pl.len().cast(pl.Int64).alias(ROWS), pl.col(SOURCE_FILE, ROW).sort_by(ROW).first())
        .select(pl.lit(rule).alias(RULE), VALUE, ROWS, SOURCE_FILE, ROW)
        for rule in rules
    ]
    return merged(pl.collect_all(parts))


def merged(tallies: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """One tally of several: the rules with the most rows first, and so are the values of a rule.

    Rows are exact. Of the values, the KEPT_VALUES most frequent keep their name; null stands for the others.
    """
    return reduce(_added, tallies, pl.DataFrame(schema=SCHEMA))


def per_rule(found: pl.DataFrame) -> list[BrokenRule]:
    """The rules of a tally, the one with the most rows first and superseded rows last."""
    rules = (
        found.sort(pl.col(VALUE).is_null(), -pl.col(ROWS), VALUE)
        .group_by(RULE, maintain_order=True)
        .agg(pl.col(ROWS).sum(), pl.col(VALUE).first(), pl.col(VALUE).n_unique().alias("values"), FIRST)
        .sort(pl.col(RULE) == SUPERSEDED, -pl.col(ROWS), RULE)
    )
    return [BrokenRule(*row) for row in rules.iter_rows()]


def _added(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    both = _summed(pl.concat([one, other]))
    if both.height <= KEPT_VALUES:
        return both
    place = pl.struct(-pl.col(ROWS), VALUE).rank("ordinal").over(RULE)
    return _summed(both.with_columns(pl.when(place <= KEPT_VALUES).then(VALUE)))


def _summed(found: pl.DataFrame) -> pl.DataFrame:
    return found.group_by(RULE, VALUE, maintain_order=True).agg(pl.col(ROWS).sum(), FIRST)


def _value(rule: str, contract: Contract) -> pl.Expr:
    """The value that a row broke the rule with, as text."""
    name, _, kind = rule.rpartition(".")
    if name not in contract.column_names or kind == "required":
        return pl.lit(None, dtype=pl.String)
    text = pl.col(RAW).str.json_path_match(f"$['{name}']") if kind == "type" else pl.col(name).cast(pl.String)
    return text.str.strip_suffix(".000000").str.slice(0, KEPT_CHARACTERS)
