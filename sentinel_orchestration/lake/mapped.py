"""Applies the map of a feed: raw columns under the contract's names, local times as UTC, numbers in the contract's units.

What a map replaces or joins is still raw, so that a value is read the same way with a map as without one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import polars as pl

from sentinel_orchestration.contracts import Column, Contract
from sentinel_orchestration.contracts.mapping import ColumnMap, FeedMap
from sentinel_orchestration.feeds import zones
from sentinel_orchestration.lake.conform import conform, whole

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)
Maps = Mapping[str, ColumnMap]
LOCAL_TIME = "local_time"  # the rule that a time breaks that the clocks of its zone show twice, or never
HAS_OFFSET = rf"(?i)(Z|UTC|:\d{{2}}[.\d]*\s*{zones.OFFSET})\s*$"
DECIMALS = 9  # a whole number may be a hair off after it was multiplied


def named(raw: Frame, columns: Sequence[Column], maps: Maps, keep: Sequence[str] = ()) -> Frame:
    """`columns` under the contract's names, raw as they are, and the columns in `keep`; optional ones may be absent."""
    schema = raw.collect_schema()

    def value(column: Column) -> pl.Expr:
        if column.name in maps:
            return _raw_value(column, maps[column.name], schema)
        if column.is_optional and column.name not in schema:
            return pl.lit(None, dtype=pl.String).alias(column.name)
        return pl.col(column.name)

    return raw.select(*map(value, columns), *keep)


def mapped(column: Column, dtype: pl.DataType, how: ColumnMap | None) -> pl.Expr:
    """The values of a column of a `named` frame in the contract's type, zone and unit; what cannot be read becomes null."""
    if how is None:
        return conform(column, dtype)
    if how.has_unit:
        number = conform(replace(column, type="number"), dtype) * how.factor + how.offset
        return whole(number.round(DECIMALS)) if column.type == "integer" else number
    value = conform(column, dtype)
    return _in_utc(value, pl.col(column.name), dtype, how) if how.time_zone else value


def conformed(raw: Frame, columns: Sequence[Column], feed_map: FeedMap, keep: Sequence[str] = ()) -> Frame:
    """`columns` of a raw frame as the contract wants them, and the columns in `keep`."""
    maps = feed_map.applied_to(raw.collect_schema().names())
    frame = named(raw, columns, maps, keep)
    schema = frame.collect_schema()
    values = [mapped(column, schema[column.name], maps.get(column.name)).alias(column.name) for column in columns]
    return frame.select(*values, *keep)


def unread(column: Column, dtype: pl.DataType, how: ColumnMap | None) -> pl.Expr:
    """What to call a value of a `named` frame that gave null: the column, or for a local time also the rule it broke."""
    name = pl.lit(column.name)
    if how is None or not how.time_zone:
        return name
    return pl.when(conform(column, dtype).is_null()).then(name).otherwise(pl.lit(f"{column.name}.{LOCAL_TIME}"))


def sources(contract: Contract, maps: Maps) -> list[str]:
    """The columns that are read of a file; it may not have the optional ones."""
    read = [maps[name].sources(name) if name in maps else (name,) for name in contract.column_names]
    return list(dict.fromkeys(source for found in read for source in found))


def _raw_value(column: Column, how: ColumnMap, schema: pl.Schema) -> pl.Expr:
    if how.has_constant:
        return pl.lit(how.constant, dtype=pl.String).alias(column.name)
    if how.join:
        parts = [as_text(pl.col(source), schema[source]) for source in how.join]
        value = pl.concat_str([pl.when(part != "").then(part) for part in parts], separator=how.separator)
        dtype: pl.DataType = pl.String()
    else:
        (source,) = how.sources(column.name)
        value, dtype = pl.col(source), schema[source]
    return (_replaced(value, dtype, column, how.values) if how.values else value).alias(column.name)


def _replaced(value: pl.Expr, dtype: pl.DataType, column: Column, values: Mapping[str, str | None]) -> pl.Expr:
    """The values with those of the map replaced, as text. A number is found whichever way it is written: 1, 1.0, "1".

    Fractions stay numbers: as text they would lose what they have beyond the digits that are shown.
    """
    if not (dtype.is_numeric() or dtype in (pl.String, pl.Categorical, pl.Enum, pl.Boolean)):
        return value
    known = {_key(old, dtype): new for old, new in values.items()}
    if dtype.is_float() and column.type in ("number", "integer"):
        numbers = {float(old): new and float(new) for old, new in known.items() if _is_number(old)}
        return value.cast(pl.Float64).replace(list(numbers), pl.Series(numbers.values(), dtype=pl.Float64))
    return as_text(value, dtype).replace(list(known), pl.Series(known.values(), dtype=pl.String))


def _key(old: str, dtype: pl.DataType) -> str:
    """A value of the map as `as_text` writes it."""
    if dtype == pl.Boolean:
        return old.lower()
    is_whole = dtype.is_numeric() and _is_number(old) and float(old).is_integer()
    return str(int(float(old))) if is_whole else old


def as_text(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Values as a CSV file would have them; a whole number without a fraction, as pandas writes 1 as 1.0 beside a gap."""
    text = value.cast(pl.String)
    if not dtype.is_float():
        return text
    is_whole = (value % 1 == 0) & (value.abs() < 2**53)
    return pl.when(is_whole).then(value.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(text)


def _in_utc(value: pl.Expr, raw: pl.Expr, dtype: pl.DataType, how: ColumnMap) -> pl.Expr:
    """A time without an offset is one of the zone; one with an offset is UTC already."""
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        return value
    local = value.dt.replace_time_zone(
        how.time_zone,
        ambiguous="null" if how.ambiguous == "quarantine" else how.ambiguous,
        non_existent="null",
    )
    utc = local.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if dtype in (pl.Date, pl.Datetime):
        return utc
    return pl.when(raw.cast(pl.String).str.contains(HAS_OFFSET)).then(value).otherwise(utc)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
