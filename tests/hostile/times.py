"""Moments at the edges: zones, leap days, epochs, the far past and future."""

import io
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tests.hostile.case import Accepted, Case, Quarantined, Refused, csv_of, one, parquet, table

NO_EPOCH = (
    "column ts holds Int64, which cannot be read as timestamp. Write it as timestamps (2026-01-31T13:00:00Z), not as a "
    "count of seconds."
)


def written(name: str, text: str, outcome: datetime | str) -> Case:
    """A reading whose time is written so; the moment it means, or the rule it breaks."""
    expected = Accepted({"ts": [outcome]}) if isinstance(outcome, datetime) else Quarantined({outcome: 1})
    return one(name, "telemetry", "a.csv", csv_of("telemetry", {"ts": text}), expected)


def stored(name: str, values: pl.Series, outcome: Accepted | Quarantined | Refused) -> Case:
    return one(name, "telemetry", "a.parquet", parquet(table("telemetry", ts=values)), outcome)


def commissioned(name: str, text: str, outcome: date | str) -> Case:
    expected = Accepted({"commissioned_date": [outcome]}) if isinstance(outcome, date) else Quarantined({outcome: 1})
    return one(name, "sites", "a.csv", csv_of("sites", {"commissioned_date": text}), expected)


HALF_PAST_ONE = datetime(2024, 11, 3, 1, 30, tzinfo=ZoneInfo("America/New_York"))


def in_zone(zone: str, feed: str = "telemetry", column: str = "ts", unit: str = "us") -> bytes:
    """A parquet file with 2025-03-02T18:30Z, as pyarrow writes it in that zone."""
    frame = table(feed, **{column: pl.Series([None], dtype=pl.Datetime("us"))}).to_arrow()
    moment = {"us": 1, "ns": 1000}[unit] * 1_740_940_200_000_000
    times = pa.array([moment]).cast(pa.timestamp(unit, tz=zone))
    buffer = io.BytesIO()
    pq.write_table(frame.set_column(frame.column_names.index(column), column, times), buffer)
    return buffer.getvalue()


def nested_in_zone(zone: str) -> bytes:
    times = pa.array([[1_740_940_200_000_000]]).cast(pa.list_(pa.timestamp("us", tz=zone)))
    buffer = io.BytesIO()
    pq.write_table(table("sites").to_arrow().append_column("seen", times), buffer)
    return buffer.getvalue()


def zoned(zone: str, outcome: Accepted | Refused, unit: str = "us") -> Case:
    return one(f"the zone {zone} in parquet, {unit}", "telemetry", "a.parquet", in_zone(zone, unit=unit), outcome)


EVENING = Accepted({"ts": [datetime(2025, 3, 2, 18, 30)]})
FOLD = pl.Series([HALF_PAST_ONE.replace(fold=fold).astimezone(UTC) for fold in (0, 1)])

CASES = [
    written("Zulu", "2025-03-03T10:00:00Z", datetime(2025, 3, 3, 10)),
    written("an offset that moves the day", "2025-03-03T23:30:00-05:00", datetime(2025, 3, 4, 4, 30)),
    written("an hour that a clock change leaves out", "2025-03-09T02:30:00", datetime(2025, 3, 9, 2, 30)),
    written("an hour that a clock change leaves out, with its offset", "2025-03-09T02:30:00-05:00",
        datetime(2025, 3, 9, 7, 30)),
    written("29 February of a leap year", "2024-02-29T12:00:00Z", datetime(2024, 2, 29, 12)),
    written("29 February of another", "2023-02-29T12:00:00Z", "ts.type"),
    written("a date alone", "2025-03-03", datetime(2025, 3, 3)),
    written("24:00", "2025-03-03T24:00:00Z", "ts.type"),
    written("a leap second", "2016-12-31T23:59:60Z", datetime(2017, 1, 1)),
    written("day before month", "03/31/2025 10:00", "ts.type"),
    written("a month by name", "3 Mar 2025 10:00", "ts.type"),
    written("epoch seconds in text", "1741000000", "ts.type"),
    written("before 1970", "1969-07-20T20:17:00Z", "ts.too_old"),
    written("the epoch itself", "1970-01-01T00:00:00Z", "ts.too_old"),
    written("a far future", "2999-01-01T00:00:00Z", "ts.future"),
    written("year 9999", "9999-12-31T23:59:59Z", "ts.future"),
    written("year 10000", "10000-01-01T00:00:00Z", "ts.type"),
    written("year 0", "0000-01-01T00:00:00Z", "ts.too_old"),
    written("an offset beyond any place", "2025-03-03T10:00:00+99:99", "ts.type"),
    written("an offset of 60 minutes", "2025-03-03T10:00:00+05:60", "ts.type"),
    written("an offset of half an hour", "2025-03-03T00:00:00+05:30", datetime(2025, 3, 2, 18, 30)),
    *(zoned(zone, EVENING) for zone in ("Z", "UTC", "+00:00", "+05:30", "-03:00", "+0545", "+14:00", "Asia/Kolkata")),
    zoned("+05:30", EVENING, unit="ns"),
    *(zoned(zone, Refused(f"column ts has times in the zone '{zone}', which does not exist. Write them in UTC."))
        for zone in ("+99:99", "-15:00", "Mars/Base")),
    one("a date stored as midnight in a zone of half an hour", "sites", "a.parquet",
        in_zone("+05:30", "sites", "commissioned_date"), Accepted({"commissioned_date": [date(2025, 3, 3)]})),
    one("an offset inside a list", "sites", "a.parquet", nested_in_zone("+05:30"),
        Refused("column seen has times in the zone '+05:30' inside of another value. Write them in UTC.")),
    stored("epoch seconds", pl.Series([1741000000]), Refused(NO_EPOCH)),
    stored("epoch milliseconds", pl.Series([1741000000000]), Refused(NO_EPOCH)),
    stored("nanoseconds", pl.Series([datetime(2025, 3, 3, 10)], dtype=pl.Datetime("ns")),
        Accepted({"ts": [datetime(2025, 3, 3, 10)]})),
    one("both hours that a clock change repeats", "telemetry", "a.parquet",
        parquet(table("telemetry", {}, {}, ts=FOLD.dt.convert_time_zone("America/New_York"))),
        Accepted({"ts": [datetime(2024, 11, 3, 5, 30), datetime(2024, 11, 3, 6, 30)]})),
    commissioned("a date before 1970", "1912-06-01", date(1912, 6, 1)),
    commissioned("a leap day", "2024-02-29", date(2024, 2, 29)),
    commissioned("a day that never was", "2023-02-29", "commissioned_date.type"),
    commissioned("year 9999 for a date", "9999-12-31", date(9999, 12, 31)),
    commissioned("a date with a time of day", "2020-01-31T23:00:00-05:00", date(2020, 1, 31)),
    commissioned("an Excel serial number", "43861", "commissioned_date.type"),
    one("closed before it was opened", "incidents", "a.csv", csv_of("incidents", {"closed_at": "2025-02-01"}),
        Quarantined({"closes_after_open": 1})),
]  # fmt: skip
