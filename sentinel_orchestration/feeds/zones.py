"""Times in parquet whose zone is an offset (`+05:30`) or `Z`, for which Polars has no type."""

import os
import re
from collections.abc import Iterator
from datetime import datetime

import polars as pl

from sentinel_orchestration.feeds.limits import inner_types
from sentinel_orchestration.feeds.openable import BatchRefusedError

# Without it Polars panics over the schema of such a file. What it does not check then is checked here.
os.environ.setdefault("POLARS_IGNORE_TIMEZONE_PARSE_ERROR", "1")

OFFSET = r"([+-])(0\d|1[0-4]):?([0-5]\d)?"  # of ISO 8601; the farthest place is 14 hours ahead
UTC_NAMES = {"Z", "z"}
SOME_DAY = datetime(2000, 1, 1)


def with_readable_zones(frame: pl.LazyFrame, file: str) -> pl.LazyFrame:
    """The frame with times in UTC where their zone is `Z`, and as ISO 8601 text where it is an offset.

    Text keeps what the offset says: the moment, and the date at its place. Raises BatchRefusedError for a zone that does
    not exist, and for an offset inside a list or a struct.
    """
    changed: list[pl.Expr] = []
    for name, dtype in frame.collect_schema().items():
        strange = [zone for zone in _zones(dtype) if not _is_in_polars(zone)]
        if not strange:
            continue
        offset = re.fullmatch(OFFSET, strange[0])
        if not offset and strange[0] not in UTC_NAMES:
            raise BatchRefusedError(
                f"{file}: column {name} has times in the zone {strange[0]!r}, which does not exist. Write them in UTC."
            )
        if not isinstance(dtype, pl.Datetime):
            raise BatchRefusedError(
                f"{file}: column {name} has times in the zone {strange[0]!r} inside of another value. Write them in UTC."
            )
        utc = pl.col(name).dt.convert_time_zone("UTC")
        changed.append(_as_text(utc, *offset.groups("00")) if offset else utc)
    return frame.with_columns(changed)


def _as_text(utc: pl.Expr, sign: str, hours: str, minutes: str) -> pl.Expr:
    local = utc.dt.replace_time_zone(None).dt.offset_by(f"{sign}{hours}h{minutes}m".replace("+", ""))
    return local.dt.to_string("%Y-%m-%dT%H:%M:%S%.f") + f"{sign}{hours}:{minutes}"


def _zones(dtype: pl.DataType) -> Iterator[str]:
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        yield dtype.time_zone
    for inner in inner_types(dtype):
        yield from _zones(inner)


def _is_in_polars(zone: str) -> bool:
    try:
        pl.select(pl.lit(SOME_DAY).dt.replace_time_zone(zone))
    except pl.exceptions.ComputeError:
        return False
    return True
