"""Holds rows against their contract: good rows, quarantined rows with the rules they broke, exact duplicates.

Belongs here: what each rule of a contract means, as one Polars expression each. Does not belong here: files and folders.
For any frame, rows in = good + quarantined + exact duplicates, and gating the good rows again changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from sentinel_orchestration.contracts import Column, Contract, Reference
from sentinel_orchestration.lake.conform import conform, contract_schema, is_missing

GATE_VERSION = "2"
DAY, ORDER, ROW, RECEIVED = "_day", "_order", "_row", "_received_at"
UNREAD, RAW, RULES, PATH = "_unread", "_raw", "_rules", "_path"
PROVENANCE = [DAY, ORDER, ROW, RECEIVED]
SUPERSEDED = "key.superseded"
EARLIEST_EVENT = datetime(2000, 1, 1)
CLOCK_SKEW = timedelta(hours=1)
CONTROL_CHARACTERS = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]"  # all but tab and line ends: no tool agrees on what they mean

ReferencedValues = Mapping[Reference, pl.Series | pl.DataFrame]


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


def conform_frame(raw: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """A raw frame (with its provenance columns) in the contract's types, plus `_unread` and `_raw`.

    `_unread` names the columns whose value could not be read, comma-separated; null where all could.
    """
    values = [conform(column, raw.schema[column.name]).alias(column.name) for column in contract.columns]
    doubtful = [
        c for c in contract.columns if raw.schema[c.name] != contract_schema(contract)[c.name] or c.type != "string"
    ]
    frame = raw.select(*values, *PROVENANCE)
    unread = [
        pl.when(frame[column.name].is_null() & ~raw.select(is_missing(column, raw.schema[column.name])).to_series())
        .then(pl.lit(column.name))
        .alias(column.name)
        for column in doubtful
        if frame[column.name].null_count()
    ]
    nothing = pl.lit(None, dtype=pl.String)
    if not unread:
        return frame.with_columns(nothing.alias(UNREAD), nothing.alias(RAW))
    names = frame.select(pl.concat_str(unread, separator=",", ignore_nulls=True)).to_series()
    broken = names != ""
    raw_rows = raw.select(pl.struct(contract.column_names).struct.json_encode()).to_series()
    return frame.with_columns(
        pl.when(broken).then(names).alias(UNREAD),
        pl.when(broken).then(raw_rows).alias(RAW),
    )


def gate(
    frame: pl.DataFrame, contract: Contract, referenced: ReferencedValues, moved: pl.DataFrame | None = None
) -> Gated:
    """Splits a conformed frame (see `conform_frame`), each day by itself, so that days may be gated in any company.

    `referenced` holds the values each foreign key may take: a series, or a frame of (value, `_day` it may stand on).
    Where a key comes more than once with different content, the row received last (by `_order`, then `_row`) stays and
    the others are quarantined as superseded; so are those in `moved`, the (key, `_day`) received later on another day.
    """
    left = frame.clear()
    if moved is not None and not moved.is_empty():
        left = frame.join(moved, on=[*contract.key, DAY], how="semi", maintain_order="left")
        frame = frame.join(moved, on=[*contract.key, DAY], how="anti", maintain_order="left")
    good, broken = _split(frame, _rules(contract, referenced))
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
    told = pl.concat_str(names, separator=", ", ignore_nulls=True).alias(RULES)
    return frame.filter(~is_broken), frame.filter(is_broken).with_columns(told)


def _newest(good: pl.DataFrame, contract: Contract) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """(rows that stay, in order; rows superseded by a newer version of their key; exact duplicates)."""
    order = list(dict.fromkeys([contract.event_time or contract.key[0], *contract.key]))
    if _is_in_order(good, order):
        return good, good.clear(), good.clear()
    if not good.select(contract.key).is_duplicated().any():
        return good.sort(order, maintain_order=True), good.clear(), good.clear()
    ordered = good.sort(ORDER, ROW).with_row_index("_position")
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
    """Whether each row comes after the one before by the columns of `order`, so that no key stands twice.

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


def _rules(contract: Contract, referenced: ReferencedValues) -> list[tuple[str, pl.Expr]]:
    """(name, expression that is true for a row that breaks it) of every rule of the contract."""
    rules: list[tuple[str, pl.Expr]] = []
    for column in contract.columns:
        rules += _column_rules(column, referenced)
    if contract.event_time:
        moment = pl.col(contract.event_time)
        rules.append((f"{contract.event_time}.too_old", moment < EARLIEST_EVENT))
        rules.append((f"{contract.event_time}.future", moment > pl.col(RECEIVED) + CLOCK_SKEW))
    for rule in contract.rules:
        rules.append((rule.name, ~pl.sql_expr(rule.expression)))
    return rules


def _column_rules(column: Column, referenced: ReferencedValues) -> list[tuple[str, pl.Expr]]:
    value = pl.col(column.name)
    is_unread = pl.col(UNREAD).is_not_null() & ("," + pl.col(UNREAD) + ",").str.contains(
        f",{column.name},", literal=True
    )
    rules = [("type", is_unread)]
    if column.is_required:
        rules.append(("required", value.is_null() & ~is_unread.fill_null(False)))
    if column.type == "number" and (column.minimum is None or column.maximum is None):
        rules.append(("finite", value.is_infinite()))  # limits on both sides say it already
    if column.allowed:
        rules.append(("allowed", ~value.is_in(list(column.allowed))))
    if column.minimum is not None:
        rules.append(("minimum", value < column.minimum))
    if column.maximum is not None:
        rules.append(("maximum", value > column.maximum))
    if column.type == "string" and not (column.allowed or column.reference):
        rules.append(("control_characters", value.str.contains(CONTROL_CHARACTERS)))
    if column.max_length is not None and column.reference is None:  # a known value is short enough
        rules.append(("length", value.str.len_chars() > column.max_length))
    if column.pattern is not None:
        rules.append(("pattern", ~value.str.contains(f"^(?:{column.pattern})$")))
    if column.reference is not None:
        rules.append(("reference", ~_is_known(value, referenced[column.reference])))
    return [(f"{column.name}.{name}", expression) for name, expression in rules]


def _is_known(value: pl.Expr, known: pl.Series | pl.DataFrame) -> pl.Expr:
    if isinstance(known, pl.Series):
        return value.is_in(known.implode())
    on_day = known.select(pl.concat_str(pl.nth(0), DAY, separator="\n")).to_series()
    return pl.concat_str(value, DAY, separator="\n").is_in(on_day.implode())
