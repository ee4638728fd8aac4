"""Finds the narrowest type of a contract that holds all values of a column, without losing any part of one."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import time

import polars as pl

from sentinel_orchestration.contracts import Column
from sentinel_orchestration.contracts.model import LogicalType
from sentinel_orchestration.lake.conform import conform, is_missing

LEADING_ZERO = r"^[+-]?0\d"
WHOLE = r"^-?(0|[1-9]\d*)$"
TEXT = (pl.String, pl.Categorical, pl.Enum)


def column_types(
    chunks: Iterable[pl.DataFrame], event_time: str | None
) -> tuple[int, dict[str, LogicalType], dict[str, str]]:
    """(rows, column → its type, column of a type that no contract can have → that type).

    Ids are text. A column without any value is text too, or what its file says. `event_time` is a timestamp, whatever it holds.
    """
    possible: dict[str, list[LogicalType]] = {}
    read: set[tuple[str, LogicalType]] = set()
    rows, schema = 0, pl.Schema()
    for chunk in chunks:
        rows, schema = rows + chunk.height, chunk.schema
        possible = possible or {
            name: _candidates(name, dtype, is_event_time=name == event_time) for name, dtype in schema.items()
        }
        for name, kind, is_read, is_lost in _answers(chunk, possible):
            if is_read:
                read.add((name, kind))
            if is_lost and len(possible[name]) > 1:
                possible[name].remove(kind)
    left_out = {name: str(schema[name]) for name, kinds in possible.items() if not kinds}
    types = {
        name: next((kind for kind in kinds if (name, kind) in read), kinds[-1])
        for name, kinds in possible.items()
        if kinds
    }
    return rows, types, left_out


def _candidates(name: str, dtype: pl.DataType, *, is_event_time: bool) -> list[LogicalType]:
    """The types that a column may have, the narrowest first and the one for everything last. Ids are text."""
    is_id = name == "id" or name.endswith("_id")
    is_text = dtype == pl.Null or dtype in TEXT
    if is_event_time:
        return ["timestamp"] if is_text or dtype in (pl.Date, pl.Datetime) else []
    if is_text:
        return ["string"] if is_id else ["integer", "number", "boolean", "date", "timestamp", "string"]
    if dtype == pl.Boolean:
        return ["boolean"]
    if dtype.is_integer():
        return ["string"] if is_id else ["integer", "string"]
    if dtype.is_numeric():
        return ["number"]
    if dtype == pl.Date:
        return ["date"]
    return ["date", "timestamp"] if dtype == pl.Datetime else []


def _answers(
    chunk: pl.DataFrame, possible: Mapping[str, list[LogicalType]]
) -> Iterator[tuple[str, LogicalType, bool, bool]]:
    """Each column with each type it may have: whether any value can be read as it, and whether any would be lost."""
    asked = [(name, kind) for name, kinds in possible.items() for kind in kinds]
    if not asked:
        return
    questions = [pl.struct(*_questions(Column(name, kind, ""), chunk.schema[name])) for name, kind in asked]
    answers = chunk.select(question.alias(f"{number}") for number, question in enumerate(questions)).row(0)
    for (name, kind), answer in zip(asked, answers, strict=True):
        yield name, kind, answer["is_read"], answer["is_lost"]


def _questions(column: Column, dtype: pl.DataType) -> tuple[pl.Expr, pl.Expr]:
    value, raw = conform(column, dtype), pl.col(column.name)
    is_lost = value.is_null() & ~is_missing(column, dtype)
    if dtype in TEXT:
        text = raw.cast(pl.String).str.strip_chars()
        is_lost |= ~is_missing(column, dtype) & _says_more(text, value, column.type)
    elif column.type == "date" and dtype == pl.Datetime:
        is_lost |= raw.dt.time() != time(0)
    return value.is_not_null().any().alias("is_read"), is_lost.any().alias("is_lost")


def _says_more(text: pl.Expr, value: pl.Expr, kind: LogicalType) -> pl.Expr:
    """Whether text says more than a value of this type keeps: 007 is no number, 13:00 no part of a date."""
    if kind == "integer":
        return ~text.str.contains(WHOLE)
    if kind == "number":
        return text.str.contains(LEADING_ZERO) | value.is_infinite()
    return text.str.len_chars() > len("2026-01-31") if kind == "date" else pl.lit(value=False)
