"""Whether a raw frame has the shape of its contract: the columns it needs, of types that can mean what it says."""

from collections.abc import Collection

import polars as pl

from sentinel_orchestration.contracts import Contract
from sentinel_orchestration.contracts.mapping import NO_MAP, FeedMap
from sentinel_orchestration.contracts.model import LogicalType
from sentinel_orchestration.feeds.openable import BatchRefusedError
from sentinel_orchestration.lake.conform import listed
from sentinel_orchestration.lake.mapped import Maps, named, sources


def check_shape(
    columns: dict[str, pl.DataType], contract: Contract, source: str, feed_map: FeedMap = NO_MAP
) -> list[str]:
    """The names of extra columns of a raw frame: those that neither the contract nor the map of the feed reads.

    Raises BatchRefusedError where a column is missing, there under two names, or holds a type that cannot mean what the
    contract says.
    """
    maps = feed_map.applied_to(columns)
    read = sources(contract, maps)
    extra = [name for name in columns if name not in read]
    missing = [_wanted(name, feed_map, columns) for name in contract.needed_columns if name not in {*columns, *maps}]
    if missing:
        hint = f" It has instead: {listed(extra)}." if extra else ""
        raise BatchRefusedError(
            f"{source}: column {', '.join(missing)} is missing; the contract {contract.feed} needs it.{hint} Add or rename it. "
            f"Or map it: `sentinel ingest FILE --feed {contract.feed}` proposes how."
        )
    _check_sources(columns, contract, source, maps, extra)
    schema = named(pl.DataFrame(schema=columns), contract.columns, maps).schema
    for column in contract.columns:
        if not can_mean(schema[column.name], column.type):
            raise BatchRefusedError(
                f"{source}: column {_read_from(column.name, maps)} holds {schema[column.name]}, which cannot be read as "
                f"{column.type}. Write it as {_plain(column.type)}."
            )
    return extra


def check_joins(frame: pl.DataFrame, source: str, feed_map: FeedMap) -> None:
    """Raises BatchRefusedError where a separator is also in a value before it: two keys could become one unnoticed."""
    for name, how in feed_map.applied_to(frame.columns).items():
        for part in how.join[:-1]:
            found = frame.lazy().filter(pl.col(part).cast(pl.String).str.contains(how.separator, literal=True))
            value = found.select(part).head(1).collect().to_series()
            if len(value):
                raise BatchRefusedError(
                    f"{source}: column {part} has the value {value[0]!s:.60}, which contains the separator "
                    f"{how.separator!r} of {name}; two keys could become one. Use another one in the map."
                )


def _check_sources(
    columns: dict[str, pl.DataType], contract: Contract, source: str, maps: Maps, extra: list[str]
) -> None:
    where = f"mappings/{contract.feed}.yaml"
    types = {column.name: column.type for column in contract.columns}
    for name, how in maps.items():
        if name in extra:
            raise BatchRefusedError(
                f"{source}: has both {name} and {', '.join(how.sources(name))}, from which {where} makes {name}. Drop one "
                f"from the file, or {name} from the map."
            )
        parts = (pl.Date, pl.Time) if types[name] == "timestamp" else ()
        for part in how.join:
            if not (can_mean(columns[part], "string") or columns[part] in parts):
                raise BatchRefusedError(
                    f"{source}: column {part} holds {columns[part]}, which cannot be joined into {name}. Write it as "
                    f"{_plain('string')}, or change {where}."
                )


def _wanted(name: str, feed_map: FeedMap, present: Collection[str]) -> str:
    """A missing column as its file would have it."""
    how = feed_map.columns.get(name)
    absent = [source for source in how.sources(name) if source not in present] if how else [name]
    return name if absent == [name] else f"{' and '.join(absent)} (mapped to {name})"


def _read_from(name: str, maps: Maps) -> str:
    found = " and ".join(maps[name].sources(name)) if name in maps else name
    return name if found == name else f"{found} (mapped to {name})"


def can_mean(dtype: pl.DataType, target: LogicalType) -> bool:
    """Whether values of a raw type may be read as a type of contracts at all."""
    if dtype == pl.Null or dtype == pl.String or dtype in (pl.Categorical, pl.Enum):
        return True
    if target == "string":
        return dtype.is_integer()
    if target in ("date", "timestamp"):
        return dtype == pl.Date or dtype == pl.Datetime
    if dtype == pl.Boolean:
        return target == "boolean"
    return dtype.is_numeric()


def _plain(target: LogicalType) -> str:
    return {
        "string": "text",
        "integer": "whole numbers",
        "number": "numbers",
        "boolean": "true and false",
        "date": "dates (2026-01-31)",
        "timestamp": "timestamps (2026-01-31T13:00:00Z), not as a count of seconds",
    }[target]
