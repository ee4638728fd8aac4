"""Values in every form other tools write them, brought to the contract's types."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import polars as pl
import pytest

from sentinel_orchestration.contracts import Column, load_contracts
from sentinel_orchestration.contracts.model import LogicalType
from sentinel_orchestration.feeds.openable import BatchRefusedError
from sentinel_orchestration.lake.conform import DTYPES, conform, contract_schema
from sentinel_orchestration.lake.shape import check_shape

NOON, DATE = datetime(2026, 1, 31, 13), date(2026, 1, 31)


def read(values: pl.Series, kind: LogicalType) -> list[object]:
    frame = pl.DataFrame({"x": values})
    column = Column("x", kind, "")
    check = frame.select(conform(column, values.dtype).alias("x"))
    assert check.schema["x"] == DTYPES[kind]
    return check.to_series().to_list()


def text(*values: str | None) -> pl.Series:
    return pl.Series(values, dtype=pl.String)


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-31T13:00:00",
        "2026-01-31 13:00:00",
        "2026-01-31 13:00",
        "2026-01-31T13:00",
        "2026-01-31T13:00:00Z",
        "2026-01-31 13:00:00 UTC",
        "2026-01-31t13:00:00z",
        "2026-01-31T13:00:00.000000000",
        "2026-01-31T13:00:00.000Z",
        "2026-01-31T15:00:00+02:00",
        "2026-01-31T08:00:00-0500",
        "2026-01-31 13:00:00+00",
        "2026-01-31 08:00:00.000-05",
        "2026-01-31 18:30:00 +05:30",
        "  2026-01-31 13:00  ",
    ],
)
def test_a_timestamp_in_text(written: str) -> None:
    assert read(text(written), "timestamp") == [NOON]


def test_a_date_in_text_is_its_midnight_and_fractions_are_kept() -> None:
    assert read(text("2026-01-31", "2026-01-31T13:00:00.123456789"), "timestamp") == [
        datetime(2026, 1, 31),
        NOON + timedelta(microseconds=123456),
    ]


@pytest.mark.parametrize(
    "written",
    ["", "  ", "31.01.2026", "2026-02-30", "2026-01-31T25:00", "01/31/2026 13:00", "1769864400", "now", "13:00"],
)
def test_text_that_is_no_timestamp_is_null(written: str) -> None:
    assert read(text(written), "timestamp") == [None]


@pytest.mark.parametrize("unit", ["ns", "us", "ms"])
def test_timestamps_of_any_unit_and_zone(unit: str) -> None:
    naive = pl.Series([NOON, None], dtype=pl.Datetime(unit))
    utc = naive.dt.replace_time_zone("UTC")
    assert read(naive, "timestamp") == [NOON, None]
    assert read(utc, "timestamp") == [NOON, None]
    assert read(utc.dt.convert_time_zone("America/New_York"), "timestamp") == [NOON, None]


def test_a_date_as_a_timestamp() -> None:
    assert read(pl.Series([DATE, None]), "timestamp") == [datetime(2026, 1, 31), None]


@pytest.mark.parametrize("written", ["2026-01-31", "2026-01-31 00:00:00", "2026-01-31T00:00:00Z", "2026-01-31 00:00"])
def test_a_date_in_text(written: str) -> None:
    assert read(text(written, "31/01/2026"), "date") == [DATE, None]


def test_a_date_stored_as_a_timestamp() -> None:
    midnight = pl.Series([datetime(2026, 1, 31), None], dtype=pl.Datetime("ns"))
    assert read(midnight, "date") == [DATE, None]
    assert read(pl.Series([DATE]), "date") == [DATE]


def test_a_date_with_an_offset_is_the_date_it_says() -> None:
    zoned = pl.Series([datetime(2026, 1, 31, tzinfo=timezone(timedelta(hours=2))).astimezone(UTC)])
    assert read(zoned.dt.convert_time_zone("Africa/Cairo"), "date") == [DATE]
    assert read(text("2026-01-31T00:00:00+02:00", "2026-01-31T23:00:00-05:00"), "date") == [DATE, DATE]


@pytest.mark.parametrize("written", ["true", "TRUE", "True", "1", "1.0", "yes", "t", " true "])
def test_true_in_text(written: str) -> None:
    assert read(text(written), "boolean") == [True]


@pytest.mark.parametrize("written", ["false", "FALSE", "False", "0", "0.0", "no", "f"])
def test_false_in_text(written: str) -> None:
    assert read(text(written), "boolean") == [False]


def test_booleans_as_numbers_and_what_is_neither() -> None:
    assert read(text("", "2", "maybe"), "boolean") == [None] * 3
    assert read(pl.Series([1, 0, None, 2], dtype=pl.Int8), "boolean") == [True, False, None, None]
    assert read(pl.Series([1.0, 0.0, float("nan"), 0.5]), "boolean") == [True, False, None, None]
    assert read(pl.Series([Decimal(1), Decimal(0)]), "boolean") == [True, False]
    assert read(pl.Series([True, None]), "boolean") == [True, None]


def test_numbers() -> None:
    assert read(text("1.5", " 2 ", "-3e2", "", "NaN", "nan", "1,5", "x"), "number") == [1.5, 2, -300] + [None] * 5
    assert read(pl.Series([1, None]), "number") == [1.0, None]
    assert read(pl.Series([1.5, float("nan")], dtype=pl.Float32), "number") == [1.5, None]
    assert read(pl.Series([Decimal("1.25")]), "number") == [1.25]


def test_whole_numbers() -> None:
    assert read(text("7", "7.0", "-8", "", "7.5", "1e3", "9007199254740993"), "integer") == [
        7, 7, -8, None, None, 1000, 9007199254740993,
    ]  # fmt: skip
    assert read(pl.Series([7.0, 7.5, float("nan"), float("inf"), 1e300]), "integer") == [7] + [None] * 4
    assert read(pl.Series([7, None], dtype=pl.UInt8), "integer") == [7, None]
    assert read(pl.Series([2**63], dtype=pl.UInt64), "integer") == [None]
    assert read(pl.Series([Decimal("7.00"), Decimal("7.50")]), "integer") == [7, None]


def test_text() -> None:
    assert read(text("a", " b ", "", None), "string") == ["a", " b ", None, None]
    assert read(pl.Series([7, None]), "string") == ["7", None]


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["2026-01-31", "7", "true", ""])])
def test_dictionary_encoded_text_reads_like_text(dtype: pl.DataType) -> None:
    def one(value: str | None, kind: LogicalType) -> object:
        return read(pl.Series([value], dtype=dtype), kind)[0]

    assert one("2026-01-31", "date") == DATE
    assert one("7", "integer") == 7
    assert one("true", "boolean") is True
    assert one("", "string") is None
    assert one(None, "string") is None


@pytest.mark.parametrize("kind", ["string", "integer", "number", "boolean", "date", "timestamp"])
def test_a_column_of_nulls_has_the_contracts_type(kind: LogicalType) -> None:
    assert read(pl.Series([None, None]), kind) == [None, None]


def test_a_missing_column_is_refused_with_what_is_there_instead() -> None:
    columns = contract_schema(load_contracts()["sites"])
    columns["site"] = columns.pop("site_id")
    message = (
        r"a\.csv: column site_id is missing; the contract sites needs it\. It has instead: site\. Add or rename it"
    )
    with pytest.raises(BatchRefusedError, match=message):
        check_shape(columns, load_contracts()["sites"], "a.csv")


@pytest.mark.parametrize(
    ("feed", "name", "dtype", "message"),
    [
        ("telemetry", "ts", pl.Int64(), r"cannot be read as timestamp\. Write it as timestamps .*not as a count of"),
        ("sites", "commissioned_date", pl.Time(), r"cannot be read as date\. Write it as dates \(2026-01-31\)"),
        ("sites", "site_id", pl.Float64(), r"cannot be read as string\. Write it as text"),
        ("sites", "site_name", pl.Binary(), r"cannot be read as string\. Write it as text"),
        ("sites", "lat", pl.List(pl.Float64()), r"cannot be read as number\. Write it as numbers"),
        ("inventory", "on_hand", pl.Boolean(), r"cannot be read as integer\. Write it as whole numbers"),
        ("components", "is_failed", pl.Date(), r"cannot be read as boolean\. Write it as true and false"),
    ],
)
def test_a_type_that_cannot_mean_it_is_refused(feed: str, name: str, dtype: pl.DataType, message: str) -> None:
    contract = load_contracts()[feed]
    with pytest.raises(BatchRefusedError, match=rf"^a\.parquet: column {name} holds .*{message}"):
        check_shape(contract_schema(contract) | {name: dtype}, contract, "a.parquet")


def test_extra_columns_are_named_in_their_order() -> None:
    contract = load_contracts()["sites"]
    columns = {"zone": pl.String()} | contract_schema(contract) | {"area": pl.Binary()}
    assert check_shape(columns, contract, "a.csv") == ["zone", "area"]
