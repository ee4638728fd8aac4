"""Days and moments as integers and back: whole microseconds since 1970, so that all arithmetic on times is exact."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from sentinel_orchestration.feeds.simulator.streams import Floats, Ints

US_PER_MS = 1_000
US_PER_SEC = 1_000_000
US_PER_HOUR = 3600 * US_PER_SEC
US_PER_DAY = 24 * US_PER_HOUR
_EPOCH = datetime(1970, 1, 1)
_EPOCH_DAY = date(1970, 1, 1)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH_DAY).days


def require_naive(moment: datetime) -> None:
    """Raises ValueError for a moment with a time zone."""
    if moment.tzinfo is not None:
        raise ValueError(f"{moment.isoformat()}: the simulator takes naive UTC times")


def moment_us(moment: datetime) -> int:
    """Microseconds since 1970 of a naive UTC moment."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def last_day_before(moment: datetime) -> date:
    """The day of the last full hour before a moment: the newest day with rows."""
    return (moment - timedelta(hours=1)).date()


def local_hours(zone: str, day: date) -> Ints:
    """The hour of the clock at a place, for each of the 24 hours of a day in UTC."""
    hours = [datetime(day.year, day.month, day.day, hour, tzinfo=UTC) for hour in range(24)]
    return np.array([hour.astimezone(ZoneInfo(zone)).hour for hour in hours])


def timestamps(micros: Ints) -> pl.Series:
    """Naive UTC timestamps in microseconds."""
    return pl.Series(micros.astype("datetime64[us]"))


def timestamps_before(micros: Ints, until_us: int) -> pl.Series:
    """Timestamps before `until_us`; null for later ones, which have not happened yet."""
    return pl.Series(np.where(micros < until_us, micros.astype("datetime64[us]"), np.datetime64("NaT", "us")))


def dates(day_numbers: Ints) -> pl.Series:
    """Dates from day numbers."""
    return pl.Series(day_numbers.astype("datetime64[D]"))


def whole(amounts: Floats, unit_us: int) -> Ints:
    """Amounts of a unit, rounded to whole units, in microseconds."""
    return np.rint(amounts).astype(np.int64) * unit_us
