"""Checks rows against their contract: good rows, quarantined rows with the rules they broke, exact duplicates.

Each rule of a contract is one Polars expression. For any frame, rows in = good + quarantined + exact duplicates, and gating the
good rows again changes nothing.
"""

from dataclasses import dataclass

import polars as pl

from sentinel_orchestration.contracts import Contract
from sentinel_orchestration.contracts.mapping import NO_MAP, FeedMap
from sentinel_orchestration.lake.columns import DAY, ORDER, PROVENANCE, RAW, ROW, RULES, UNREAD
from sentinel_orchestration.lake.conform import contract_schema, is_missing
from sentinel_orchestration.lake.mapped import mapped, named, sources, unread
from sentinel_orchestration.lake.rules import SUPERSEDED, ReferencedValues, broken_by

GATE_VERSION = "3"


@dataclass(frozen=True)
class Gated:
    """The three ways a row can go.

    good: the contract's columns and `_day`, in the order of event time and key. quarantined: those, plus where the row came
    from, `_rules` (what it broke) and `_raw` (the row as JSON where a value could not be read). duplicates: `_day`, a row
    for each row dropped.
    """

    good: pl.DataFrame
    quarantined: pl.DataFrame
    duplicates: pl.DataFrame


def conform_frame(raw: pl.DataFrame, contract: Contract, feed_map: FeedMap = NO_MAP) -> pl.DataFrame:
    """A raw frame (with its provenance columns) in the contract's types, plus `_unread` and `_raw`.

    `_unread` names the columns whose value could not be read, comma-separated; null where all could. `_raw` is then the
    row as it was received: of its columns, those that are read.
    """
    maps = feed_map.applied_to(raw.columns)
    found = named(raw, contract.columns, maps, PROVENANCE)
    schema = found.schema
    values = [mapped(c, schema[c.name], maps.get(c.name)).alias(c.name) for c in contract.columns]
    doubtful = [
        c for c in contract.columns if schema[c.name] != contract_schema(contract)[c.name] or c.type != "string"
    ]
    frame = found.select(*values, *PROVENANCE)
    names_of_unread = [
        found.select(
            pl.when(frame[column.name].is_null() & ~is_missing(column, schema[column.name]))
            .then(unread(column, schema[column.name], maps.get(column.name)))
            .alias(column.name)
        ).to_series()
        for column in doubtful
        if frame[column.name].null_count()
    ]
    nothing = pl.lit(None, dtype=pl.String)
    if not names_of_unread:
        return frame.with_columns(nothing.alias(UNREAD), nothing.alias(RAW))
    names = pl.select(pl.concat_str(names_of_unread, separator=",", ignore_nulls=True)).to_series()
    broken = names != ""
    read = [name for name in sources(contract, maps) if name in raw.columns]
    raw_rows = raw.select(pl.struct(read).struct.json_encode()).to_series()
    return frame.with_columns(
        pl.when(broken).then(names).alias(UNREAD),
        pl.when(broken).then(raw_rows).alias(RAW),
    )


def gate(
    frame: pl.DataFrame, contract: Contract, referenced: ReferencedValues, moved: pl.DataFrame | None = None
) -> Gated:
    """Splits a conformed frame (see `conform_frame`), each day by itself, so that days may be gated in any company.

    `referenced` holds the values each foreign key may take: a series, or a frame of (value, `_day` it may stand on). A foreign
    key that is not in it is not judged.
    Where a key comes more than once with different content, the newest row stays: by the contract's version column, if it
    names one, then `_order`, then `_row`. The others are quarantined as superseded; so are those in `moved`, the (key,
    `_day`) received later on another day.
    """
    left = frame.clear()
    if moved is not None and not moved.is_empty():
        left = frame.join(moved, on=[*contract.key, DAY], how="semi", maintain_order="left")
        frame = frame.join(moved, on=[*contract.key, DAY], how="anti", maintain_order="left")
    good, broken = _split(frame, broken_by(contract, referenced, has_unread=frame[UNREAD].null_count() < frame.height))
    good, superseded, duplicates = _newest(good, contract)
    set_aside = pl.concat([superseded, left]).with_columns(pl.lit(SUPERSEDED).alias(RULES))
    quarantined = pl.concat([_mended(broken, good, contract), set_aside])
    return Gated(
        good=good.select(*contract.column_names, DAY),
        quarantined=quarantined.drop(UNREAD),
        duplicates=duplicates.select(DAY),
    )


def _split(frame: pl.DataFrame, rules: list[tuple[str, pl.Expr]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(rows that keep every rule, the others with the names of the rules they break).

    Only rules that some row breaks are looked at row by row: most days break none.
    """
    is_broken_somewhere = frame.select(expression.any().alias(name) for name, expression in rules).row(0)
    rules = [rule for rule, is_broken in zip(rules, is_broken_somewhere, strict=True) if is_broken]
    if not rules:
        return frame, frame.clear().with_columns(pl.lit(None, dtype=pl.String).alias(RULES))
    is_broken = (
        frame.select(pl.any_horizontal(expression for _, expression in rules)).to_series().fill_null(value=False)
    )
    names = [pl.when(expression).then(pl.lit(name)) for name, expression in rules]
    broken_rules = pl.concat_str(names, separator=", ", ignore_nulls=True).alias(RULES)
    return frame.filter(~is_broken), frame.filter(is_broken).with_columns(broken_rules)


def _newest(good: pl.DataFrame, contract: Contract) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """(rows that stay, in order; rows superseded by a newer version of their key; exact duplicates)."""
    order = list(dict.fromkeys([contract.event_time or contract.key[0], *contract.key]))
    if _is_in_order(good, order):
        return good, good.clear(), good.clear()
    if not good.select(contract.key).is_duplicated().any():
        return good.sort(order, maintain_order=True), good.clear(), good.clear()
    version = [contract.version_column] if contract.version_column else []
    ordered = good.sort(*version, ORDER, ROW).with_row_index("_position")
    distinct = ordered.unique([DAY, *contract.column_names], keep="last", maintain_order=True)
    duplicates = ordered.join(distinct.select("_position"), on="_position", how="anti")
    newest = distinct.unique([DAY, *contract.key], keep="last", maintain_order=True)
    superseded = distinct.join(newest.select("_position"), on="_position", how="anti")
    return (
        newest.drop("_position").sort(order, maintain_order=True),
        superseded.drop("_position"),
        duplicates.drop("_position"),
    )


def _is_in_order(good: pl.DataFrame, order: list[str]) -> bool:
    """Whether each row comes after the one before by the columns of `order`, so that no key comes twice.

    Most feeds arrive so, and seeing it costs a tenth of looking for doubles.
    """
    follows: pl.Expr = pl.lit(value=False)
    for name in reversed(order):
        value = pl.col(name)
        follows = (value > value.shift()) | ((value == value.shift()) & follows)
    return bool(good.select(follows.fill_null(value=True).all()).item())


def _mended(broken: pl.DataFrame, good: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """Broken rows, those of them marked superseded whose key came again, later and good."""
    if broken.is_empty():
        return broken
    newer = good.select(DAY, *contract.key, pl.col(ORDER).alias("_newer_order"), pl.col(ROW).alias("_newer_row"))
    is_later_row = (pl.col("_newer_order") == pl.col(ORDER)) & (pl.col("_newer_row") > pl.col(ROW))
    is_mended = (pl.col("_newer_order") > pl.col(ORDER)) | is_later_row
    return (
        broken.join(newer, on=[DAY, *contract.key], how="left", maintain_order="left")
        .with_columns(pl.when(is_mended).then(pl.lit(SUPERSEDED)).otherwise(RULES).alias(RULES))
        .drop("_newer_order", "_newer_row")
    )
