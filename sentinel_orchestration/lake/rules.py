"""The rules of a contract as Polars expressions over a conformed frame, each true for a row that breaks it."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import polars as pl

from sentinel_orchestration.contracts import Column, Contract, Reference
from sentinel_orchestration.lake.columns import DAY, RECEIVED, UNREAD
from sentinel_orchestration.lake.mapped import LOCAL_TIME

SUPERSEDED = "key.superseded"
EARLIEST_EVENT = datetime(2000, 1, 1)
CLOCK_SKEW = timedelta(hours=1)
CONTROL_CHARACTERS = (
    r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\u{9F}]"  # all but tab and line ends: no tool agrees on what they mean
)

ReferencedValues = Mapping[Reference, pl.Series | pl.DataFrame]


def broken_by(contract: Contract, referenced: ReferencedValues, has_unread: bool) -> list[tuple[str, pl.Expr]]:
    """(name, expression that is true for a row that breaks it) of every rule of the contract.

    Where every value could be read, as in most days, there is no need to look for the ones that could not.
    """
    rules: list[tuple[str, pl.Expr]] = []
    for column in contract.columns:
        rules += _column_rules(column, referenced, has_unread)
    if contract.event_time:
        moment = pl.col(contract.event_time)
        rules.append((f"{contract.event_time}.too_old", moment < EARLIEST_EVENT))
        rules.append((f"{contract.event_time}.future", moment > pl.col(RECEIVED) + CLOCK_SKEW))
    for rule in contract.rules:
        rules.append((rule.name, ~pl.sql_expr(rule.expression)))
    return rules


def _column_rules(column: Column, referenced: ReferencedValues, has_unread: bool) -> list[tuple[str, pl.Expr]]:
    value = pl.col(column.name)
    rules = _unread_rules(column) if has_unread else []
    if column.is_required:
        rules.append(("required", pl.all_horizontal(value.is_null(), *(~is_unread for _, is_unread in rules))))
    if column.type == "number" and (column.minimum is None or column.maximum is None):
        rules.append(("finite", value.is_infinite()))  # limits on both sides say it already
    if column.allowed:
        rules.append(("allowed", ~value.is_in(list(column.allowed))))
    if column.minimum is not None:
        rules.append(("minimum", value < column.minimum))
    if column.maximum is not None:
        rules.append(("maximum", value > column.maximum))
    is_judged = column.reference in referenced
    if column.type == "string":
        rules += _text_rules(column, is_judged)
    if column.reference is not None and is_judged:
        rules.append(("reference", ~_is_known(value, referenced[column.reference])))
    return [(f"{column.name}.{name}", expression) for name, expression in rules]


def _unread_rules(column: Column) -> list[tuple[str, pl.Expr]]:
    names = {"type": column.name} | ({LOCAL_TIME: f"{column.name}.{LOCAL_TIME}"} if column.type == "timestamp" else {})
    listed = "," + pl.col(UNREAD) + ","
    return [
        (rule, pl.col(UNREAD).is_not_null() & listed.str.contains(f",{name},", literal=True))
        for rule, name in names.items()
    ]


def _text_rules(column: Column, is_judged: bool) -> list[tuple[str, pl.Expr]]:
    """Rules for text; a value that must be one of those known (`is_judged`) need not be looked at again."""
    value, rules = pl.col(column.name), list[tuple[str, pl.Expr]]()
    if not (column.allowed or is_judged):
        rules.append(("control_characters", value.str.contains(CONTROL_CHARACTERS)))
        if column.is_key or column.reference:
            rules.append(("unicode_form", _has_twin(value)))
    if column.max_length is not None and not is_judged:
        rules.append(("length", value.str.len_chars() > column.max_length))
    if column.pattern is not None:
        rules.append(("pattern", ~value.str.contains(f"^(?:{column.pattern})$")))
    return rules


def _has_twin(value: pl.Expr) -> pl.Expr:
    """Whether another spelling in Unicode (NFC, as keyboards write `é`) looks the same: as ids, the two would be different.

    Null for ASCII, which has no twins, because normalizing takes ten times as long as any other rule.
    """
    other = pl.when(value.str.len_bytes() != value.str.len_chars()).then(value)
    return other != other.str.normalize("NFC")


def _is_known(value: pl.Expr, known: pl.Series | pl.DataFrame) -> pl.Expr:
    if isinstance(known, pl.Series):
        return value.is_in(known.implode())
    on_day = known.select(pl.concat_str(pl.nth(0), DAY, separator="\n")).to_series()
    return pl.concat_str(value, DAY, separator="\n").is_in(on_day.implode())
