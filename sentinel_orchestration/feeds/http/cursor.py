"""From where a pull goes on: the newest value received in one column, as the endpoint wrote it."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import polars as pl

from sentinel_orchestration.feeds.source import BatchRecord, SourceError

CLOCK_SKEW = timedelta(hours=1)  # times after that are a mistake, and would hide all rows until then
LONGEST = 200


def resume_after(records: Iterable[BatchRecord], column: str) -> str | None:
    """Up to where everything was received; None from the beginning.

    `records` are in the order of receipt. Each went on from where one before it ended, so rows of a record that was removed are
    asked for again.
    """
    position: str | None = None
    for record in records:
        if record.cursor.get("column") == column and record.cursor.get("from") == position:
            position = record.cursor["to"]
    return position


def newest_value(chunks: Iterable[pl.DataFrame], column: str, now: datetime) -> str | None:
    """The newest value: by time if any value is a time (none after `now`, UTC, counts), else the largest number or text."""
    found = [candidate for chunk in chunks for candidate in _candidates(chunk, column, now)]
    return max(found)[-1] if found else None


def _candidates(chunk: pl.DataFrame, column: str, now: datetime) -> Iterator[tuple[int, object, str]]:
    if column not in chunk.columns:
        raise SourceError(
            f"its rows have no column {column}, which `since` names. They have: {', '.join(chunk.columns)}."
        )
    values = chunk[column].drop_nulls()
    if values.dtype.is_numeric():
        if values.len():
            yield 1, values.max(), str(values.max())
        return
    if values.dtype not in (pl.String, pl.Null):
        raise SourceError(f"its column {column} holds {values.dtype}. Name one of times, numbers or text in `since`.")
    texts = pl.DataFrame({"text": values.cast(pl.String)}).filter(pl.col("text").str.len_chars().is_between(1, LONGEST))
    for rank, key in ((2, _time()), (1, pl.col("text").cast(pl.Int64, strict=False)), (0, pl.col("text"))):
        rows = texts.with_columns(key=key).filter(pl.col("key").is_not_null())
        if rows.height:
            past = rows.filter(pl.col("key") <= now + CLOCK_SKEW) if rank == 2 else rows
            if past.height:
                last = past.filter(pl.col("key") == pl.col("key").max()).row(0, named=True)
                yield rank, last["key"], last["text"]
            return


def _time() -> pl.Expr:
    """The text as time in UTC; null where it is none. Without an offset it is UTC, a bare date is its midnight."""
    plain = pl.col("text").str.strip_chars().str.to_uppercase().str.replace(r"^(\d{4}-\d{2}-\d{2})T", "${1} ")
    plain = plain.str.replace(r"^(\d{4}-\d{2}-\d{2})$", "${1} 00:00").str.replace(r"\s*(Z|UTC)$", "+00:00")
    zoned = pl.when(plain.str.contains(r" \d{2}:\d{2}(:\d{2}(\.\d+)?)?$")).then(plain + "+00:00").otherwise(plain)
    formats = ("%Y-%m-%d %H:%M:%S%.f%z", "%Y-%m-%d %H:%M%z")
    return pl.coalesce(
        zoned.str.to_datetime(f, time_unit="us", strict=False, exact=True).dt.replace_time_zone(None) for f in formats
    )
