"""Brings raw values to the types of a contract where their meaning is plain, as Polars expressions.

NaN counts as null, as pandas writes it. Times with an offset become UTC; times without are UTC. A date stored as a time is the
date it says where it was written.
"""

from collections.abc import Sequence

import polars as pl

from sentinel_orchestration.contracts import Column, Contract
from sentinel_orchestration.contracts.model import LogicalType
from sentinel_orchestration.feeds import zones

DTYPES: dict[LogicalType, pl.DataType] = {
    "string": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "timestamp": pl.Datetime("us"),
}
BOOLEAN_WORDS = {"true": True, "t": True, "yes": True, "1": True, "1.0": True} | {
    "false": False, "f": False, "no": False, "0": False, "0.0": False
}  # fmt: skip
LISTED = 10
OFFSET = rf"\s*{zones.OFFSET}$"
NAN_WORDS = ["nan", "NaN", "NAN"]


def contract_schema(contract: Contract) -> dict[str, pl.DataType]:
    """Column → dtype of a conformed frame, in the contract's order."""
    return {column.name: DTYPES[column.type] for column in contract.columns}


def listed(names: Sequence[str]) -> str:
    """Names for people: the first few, and how many more."""
    more = f" and {len(names) - LISTED:,} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more


def conform(column: Column, dtype: pl.DataType) -> pl.Expr:
    """The column's values in the contract's type; what cannot be read becomes null."""
    value = pl.col(column.name)
    if dtype == pl.Null:
        return value.cast(DTYPES[column.type])
    if dtype in (pl.Categorical, pl.Enum):
        value, dtype = value.cast(pl.String), pl.String()
    if dtype == pl.String:
        text = value if column.type == "string" else value.str.strip_chars()
        return _from_text(pl.when(text != "").then(text), column.type)
    return _from_typed(value, dtype, column.type)


def is_missing(column: Column, dtype: pl.DataType) -> pl.Expr:
    """Whether the raw value is a way of saying null."""
    value = pl.col(column.name)
    if dtype in (pl.Categorical, pl.Enum):
        value, dtype = value.cast(pl.String), pl.String()
    if dtype == pl.String:
        nothing = ["", *NAN_WORDS] if column.type in ("integer", "number") else [""]
        return value.is_null() | value.str.strip_chars().is_in(nothing)
    if dtype.is_float():
        return value.is_null() | value.is_nan()
    return value.is_null()


def whole(number: pl.Expr) -> pl.Expr:
    """Floats as integers; null where there is a fraction, or more digits than a float can hold."""
    return pl.when((number % 1 == 0) & (number.abs() < 2**53)).then(number).cast(pl.Int64, strict=False)


def _from_typed(value: pl.Expr, dtype: pl.DataType, target: LogicalType) -> pl.Expr:
    if dtype.is_float():
        value = value.fill_nan(None)
    if target == "boolean" and dtype != pl.Boolean:
        return pl.when(value == 1).then(True).when(value == 0).then(False)
    if target == "integer" and not dtype.is_integer():
        return whole(value.cast(pl.Float64))
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        value = (value if target == "date" else value.dt.convert_time_zone("UTC")).dt.replace_time_zone(None)
    return value.cast(DTYPES[target], strict=False)


def _from_text(text: pl.Expr, target: LogicalType) -> pl.Expr:
    if target == "string":
        return text
    if target == "boolean":
        return text.str.to_lowercase().replace_strict(BOOLEAN_WORDS, default=None, return_dtype=pl.Boolean)
    if target in ("date", "timestamp"):
        local, offset = _local_time(text)
        return local.dt.date() if target == "date" else local - offset
    number = text.cast(pl.Float64, strict=False)
    if target == "integer":
        return text.cast(pl.Int64, strict=False).fill_null(whole(number))
    return number.fill_nan(None)


def _local_time(text: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """(time as written, its offset from UTC) of ISO 8601 with `T` or a space, any fraction, `Z` or an offset.

    A bare date is its midnight.
    """
    plain = text.str.to_uppercase().str.replace(r"\s*(Z|UTC)$", "").str.replace(r"^(\d{4}-\d{2}-\d{2})T", "${1} ")
    has_time = plain.str.len_chars() > 10
    sign = pl.when(plain.str.extract(OFFSET, 1) == "-").then(-1).otherwise(1)
    minutes = plain.str.extract(OFFSET, 2).cast(pl.Int64) * 60 + plain.str.extract(OFFSET, 3).cast(pl.Int64).fill_null(
        0
    )
    offset = pl.when(has_time).then(pl.duration(minutes=sign * minutes)).fill_null(pl.duration(minutes=0))
    clock = pl.when(has_time).then(plain.str.replace(OFFSET, "")).otherwise(plain)
    patterns = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d")
    local = pl.coalesce(
        clock.str.to_datetime(pattern, time_unit="us", strict=False, exact=True) for pattern in patterns
    )
    return local, offset
