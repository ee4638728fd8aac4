"""A map brings raw columns to the contract's names, values, zone and unit, and judges the shape of what it reads."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_orchestration.contracts import Column, Contract
from sentinel_orchestration.contracts.mapping import NO_MAP, FeedMap
from sentinel_orchestration.feeds.openable import BatchRefusedError
from sentinel_orchestration.lake.conform import contract_schema
from sentinel_orchestration.lake.gate import Gated, conform_frame, gate
from sentinel_orchestration.lake.mapped import conformed
from sentinel_orchestration.lake.shape import check_joins, check_shape

TEXT, NUMBER, WHOLE = Column("x", "string", ""), Column("x", "number", ""), Column("x", "integer", "")
FLAG, TIME = Column("x", "boolean", ""), Column("x", "timestamp", "")
DENVER = {"physicalName": "t", "timeZone": "America/Denver"}


def map_of(**columns: dict[str, object]) -> FeedMap:
    return FeedMap.model_validate({"columns": columns})


def mapped(raw: pl.Series | pl.DataFrame, column: Column, **how: object) -> list[object]:
    frame = raw.to_frame() if isinstance(raw, pl.Series) else raw
    return conformed(frame.with_row_index("_row"), [column], map_of(x=how), ["_row"])["x"].to_list()


def test_without_a_map_nothing_changes() -> None:
    frame = pl.DataFrame({"x": ["1", " 2 ", "b"]})
    assert mapped(frame, WHOLE, physicalName="y") == [1, 2, None]


@pytest.mark.parametrize(
    "raw",
    [
        pl.Series("x", ["1", "0", "2", None]),
        pl.Series("x", ["1", "0", "2", None], dtype=pl.Categorical),
        pl.Series("x", [1, 0, 2, None], dtype=pl.UInt8),
        pl.Series("x", [1.0, 0.0, 2.0, None]),
    ],
    ids=lambda series: str(series.dtype),
)
def test_values_are_replaced_however_they_are_stored(raw: pl.Series) -> None:
    assert mapped(raw, TEXT, values={"1": "active", "0": "maintenance"}) == ["active", "maintenance", "2", None]
    assert mapped(raw, FLAG, values={"2": "true"}) == [True, False, True, None]


def test_booleans_are_values_too() -> None:
    raw = pl.Series("x", [True, False, None])
    assert mapped(raw, TEXT, values={"True": "active", "false": "maintenance"}) == ["active", "maintenance", None]


def test_a_number_that_stands_for_none_becomes_null_and_the_others_keep_every_digit() -> None:
    odd = 0.1 + 0.2
    for raw in (pl.Series("x", [odd, -999.0]), pl.Series("x", [str(odd), "-999"])):
        assert mapped(raw, NUMBER, values={"-999": None}) == [odd, None]
    assert mapped(pl.Series("x", [2**53 + 1, -1]), WHOLE, values={"-1": None}) == [2**53 + 1, None]


def test_values_are_looked_up_once() -> None:
    assert mapped(pl.Series("x", ["a", "b"]), TEXT, values={"a": "b", "b": "a"}) == ["b", "a"]


def test_columns_are_joined_and_a_missing_part_leaves_no_key() -> None:
    frame = pl.DataFrame({"site": ["A", None, "", "B"], "unit": [1, 2, 3, 4]})
    assert mapped(frame, TEXT, join=["site", "unit"], separator="-") == ["A-1", None, None, "B-4"]


def test_a_column_may_be_part_of_its_own_key() -> None:
    frame = pl.DataFrame({"site": ["A"], "x": ["7"]})
    assert mapped(frame, TEXT, join=["site", "x"], separator="/") == ["A/7"]


@pytest.mark.parametrize("day", [pl.Series(["2026-07-01"]), pl.Series([date(2026, 7, 1)])], ids=["text", "date"])
@pytest.mark.parametrize("clock", [pl.Series(["13:30:00"]), pl.Series([time(13, 30)])], ids=["text", "time"])
def test_a_date_and_a_clock_make_a_local_time(day: pl.Series, clock: pl.Series) -> None:
    frame = pl.DataFrame({"day": day, "clock": clock})
    found = mapped(frame, TIME, join=["day", "clock"], separator=" ", timeZone="America/Denver")
    assert found == [datetime(2026, 7, 1, 19, 30)]


def test_a_constant_fills_every_row_of_a_column_that_is_not_there() -> None:
    frame = pl.DataFrame({"y": [1, 2]})
    assert mapped(frame, NUMBER, constant="1.5") == [1.5, 1.5]
    assert mapped(frame, TIME, constant=None) == [None, None]
    assert mapped(frame.rename({"y": "x"}), NUMBER, constant="1.5") == [1.0, 2.0]


@pytest.mark.parametrize(
    "raw",
    [
        pl.Series("t", ["2026-01-15 06:00", "2026-07-15T06:00:00.0", "2026-07-15"]),
        pl.Series("t", [datetime(2026, 1, 15, 6), datetime(2026, 7, 15, 6), datetime(2026, 7, 15)], pl.Datetime("ns")),
        pl.Series("t", ["2026-01-15 13:00Z", "2026-07-15T14:00+02:00", "2026-07-15 07:00 +0100"]),
    ],
    ids=["text", "naive", "text with offsets"],
)
def test_times_without_an_offset_are_local(raw: pl.Series) -> None:
    found = mapped(raw, TIME, **DENVER)
    assert found == [datetime(2026, 1, 15, 13), datetime(2026, 7, 15, 12), datetime(2026, 7, 15, 6)]


def test_a_zone_in_the_type_is_kept_to() -> None:
    raw = pl.Series("t", [datetime(2026, 7, 15, 6)]).dt.replace_time_zone("Asia/Tokyo")
    assert mapped(raw, TIME, **DENVER) == [datetime(2026, 7, 14, 21)]


def test_dates_begin_at_local_midnight() -> None:
    assert mapped(pl.Series("t", [date(2026, 7, 15)]), TIME, **DENVER) == [datetime(2026, 7, 15, 6)]


@pytest.mark.parametrize(
    ("ambiguous", "twice"),
    [("earliest", datetime(2026, 11, 1, 7, 30)), ("latest", datetime(2026, 11, 1, 8, 30)), ("quarantine", None)],
)
def test_a_time_that_the_clock_shows_twice_is_what_the_map_says(ambiguous: str, twice: datetime | None) -> None:
    raw = pl.Series("t", ["2026-11-01 01:30", "2026-03-08 02:30"])
    assert mapped(raw, TIME, **DENVER, ambiguous=ambiguous) == [twice, None]


@given(
    st.sampled_from(["America/Denver", "Asia/Kathmandu", "Australia/Lord_Howe", "Europe/Dublin", "UTC", "America/St_Johns"]),
    st.lists(st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 31)), min_size=1, max_size=20),
    st.booleans(),
)  # fmt: skip
def test_local_times_come_back_as_the_moments_they_were(zone: str, moments: list[datetime], as_text: bool) -> None:
    """Whatever the clock showed, the moment is among what it can mean; unless it showed it twice, it is the only one."""
    utc = pl.Series("t", moments, pl.Datetime("us"))
    local = utc.dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.replace_time_zone(None)
    raw = local.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f") if as_text else local
    how = {"physicalName": "t", "timeZone": zone}
    earliest, latest, sure = (mapped(raw, TIME, **how, ambiguous=a) for a in ("earliest", "latest", "quarantine"))
    for moment, first, last, only in zip(moments, earliest, latest, sure, strict=True):
        assert moment in (first, last)
        assert only == (moment if first == last else None)
        assert first <= last <= first + timedelta(hours=2)


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20),
    st.floats(1e-3, 1e3),
    st.floats(-1e3, 1e3),
    st.booleans(),
)
def test_units_come_back_as_the_numbers_they_were(
    numbers: list[float], factor: float, offset: float, as_text: bool
) -> None:
    """A file in another unit: (value - offset) / factor."""
    raw = pl.Series("x", [(number - offset) / factor for number in numbers])
    found = mapped(raw.cast(pl.String) if as_text else raw, NUMBER, factor=factor, offset=offset)
    assert found == pytest.approx(numbers, rel=1e-9, abs=1e-6)


def test_fahrenheit_becomes_celsius() -> None:
    raw = pl.Series("f", ["212", "32", "-40", "NaN", "warm"])
    found = mapped(raw, NUMBER, physicalName="f", factor="5/9", offset="-160/9")
    assert found[:3] == pytest.approx([100, 0, -40])
    assert found[3:] == [None, None]


def test_a_whole_number_stays_one_in_another_unit() -> None:
    assert mapped(pl.Series("x", [48, 72, 168, 36]), WHOLE, factor="1/24") == [2, 3, 7, None]


@pytest.fixture
def readings(contract_of: Callable[..., Contract]) -> Contract:
    """Readings with a key, a time, a status and a temperature."""
    return contract_of(
        Column("id", "string", "", is_key=True, is_required=True),
        Column("ts", "timestamp", "", is_required=True),
        Column("status", "string", "", allowed=("on", "off")),
        Column("temp_c", "number", ""),
        event_time="ts",
    )


READINGS = map_of(
    id={"join": ["site", "unit"], "separator": "/"},
    ts=DENVER,
    status={"values": {"1": "on", "0": "off"}},
    temp_c={"physicalName": "f", "factor": "5/9", "offset": "-160/9"},
)


def gated(raw: pl.DataFrame, contract: Contract, feed_map: FeedMap = NO_MAP) -> Gated:
    provenance = raw.with_columns(
        pl.lit("2026-11-01").alias("_day"),
        pl.lit(0, dtype=pl.UInt32).alias("_order"),
        pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).alias("_row"),
        pl.lit(datetime(2026, 12, 1)).alias("_received_at"),
    )
    return gate(conform_frame(provenance, contract, feed_map), contract, {})


def test_a_row_that_the_map_cannot_read_is_quarantined_as_it_was_received(readings: Contract) -> None:
    raw = pl.DataFrame(
        {
            "site": ["A", "A", "A", None, "A"],
            "unit": [1, 2, 3, 4, 5],
            "t": ["2026-11-01 12:00", "2026-11-01 01:30", "noon", "2026-11-01 12:00", None],
            "status": ["1", "0", "on", "1", "2"],
            "f": ["50", "50", "x", "50", "50"],
            "other": [0, 0, 0, 0, 0],
        }
    )
    found = gated(raw, readings, READINGS)
    assert found.good.drop("_day").rows() == [("A/1", datetime(2026, 11, 1, 19), "on", pytest.approx(10))]
    by_row = {row: (rules, kept) for row, rules, kept in found.quarantined.select("_row", "_rules", "_raw").rows()}
    assert {row: rules for row, (rules, _) in by_row.items()} == {
        2: "ts.local_time",
        3: "ts.type, temp_c.type",
        4: "id.required",
        5: "ts.required, status.allowed",
    }
    assert by_row[2][1] == '{"site":"A","unit":2,"t":"2026-11-01 01:30","status":"0","f":"50"}'


def test_a_file_in_the_contracts_own_form_passes_a_map_untouched(readings: Contract) -> None:
    """Its time is UTC and its temperature in °C already: what a map says of a renamed column is not for this one."""
    raw = pl.DataFrame({"id": ["A-1"], "ts": ["2026-11-01 01:30"], "status": ["on"], "temp_c": ["50"]})
    assert check_shape(dict(raw.schema), readings, "a.csv", READINGS) == []
    found = gated(raw, readings, READINGS)
    assert found.good.drop("_day").rows() == [("A-1", datetime(2026, 11, 1, 1, 30), "on", 50.0)]


def test_an_optional_column_may_be_left_out(readings: Contract) -> None:
    """Its values are null then; a file without any other column is refused as before."""
    optional = replace(readings, columns=(*readings.columns, Column("zone", "string", "", is_optional=True)))
    raw = pl.DataFrame({"id": ["A-1"], "ts": ["2026-11-01 01:30"], "status": ["on"], "temp_c": ["cold"]})
    assert check_shape(dict(raw.schema), optional, "a.csv") == []
    found = gated(raw, optional)
    assert found.quarantined["zone"].to_list() == [None]
    assert "zone" not in found.quarantined["_raw"][0]
    assert gated(raw.with_columns(temp_c=pl.lit("5"), zone=pl.lit("UTC")), optional).good["zone"].to_list() == ["UTC"]
    with pytest.raises(BatchRefusedError, match="column status is missing"):
        check_shape(dict(raw.drop("status").schema), optional, "a.csv")


STRING, FLOAT, INT, LIST = pl.String(), pl.Float64(), pl.Int64(), pl.List(pl.Int64)
FORM = {"site": STRING, "unit": INT, "t": STRING, "status": STRING, "f": FLOAT}


def test_columns_that_nothing_reads_are_extra(readings: Contract) -> None:
    assert check_shape(FORM | {"other": LIST}, readings, "a.csv", READINGS) == ["other"]


@pytest.mark.parametrize(
    ("change", "gone", "message"),
    [
        ({"g": STRING}, "f", r"column f \(mapped to temp_c\) is missing; the contract things needs it. It has instead: g."),
        ({}, "unit", r"column unit \(mapped to id\) is missing; the contract things needs it. It has instead: site."),
        ({}, "status", r"column status is missing; the contract things needs it. Add or rename it. Or map it: `sentinel"),
        ({"temp_c": FLOAT}, "", r"has both temp_c and f, from which mappings/things.yaml makes temp_c. Drop one from"),
        ({"id": STRING}, "", r"has both id and site, unit, from which mappings/things.yaml makes id. Drop one from the"),
        ({"f": LIST}, "", r"column f \(mapped to temp_c\) holds List\(Int64\), which cannot be read as number. Write it"),
        ({"t": INT}, "", r"column t \(mapped to ts\) holds Int64, which cannot be read as timestamp. Write it as timestam"),
        ({"unit": FLOAT}, "", r"column unit holds Float64, which cannot be joined into id. Write it as text, or change"),
        ({"status": LIST}, "", r"column status holds List\(Int64\), which cannot be read as string. Write it as text."),
    ],
)  # fmt: skip
def test_the_shape_is_judged_as_the_map_reads_it(
    readings: Contract, change: dict[str, pl.DataType], gone: str, message: str
) -> None:
    columns = {name: dtype for name, dtype in (FORM | change).items() if name != gone}
    with pytest.raises(BatchRefusedError, match=rf"^a\.csv: {message}"):
        check_shape(columns, readings, "a.csv", READINGS)


def test_a_column_that_another_is_made_from_may_have_a_contracts_name(readings: Contract) -> None:
    """The two times of a file are the wrong way round: that is no clash."""
    swapped = map_of(temp_c={"physicalName": "status"}, status={"physicalName": "temp_c"})
    columns = contract_schema(readings) | {"status": FLOAT, "temp_c": STRING}
    assert check_shape(columns, readings, "a.csv", swapped) == []


def test_numbers_may_stand_for_text_if_they_are_mapped(readings: Contract) -> None:
    assert check_shape(FORM | {"status": FLOAT}, readings, "a.csv", READINGS) == []


def test_a_separator_inside_a_part_is_refused() -> None:
    """a/b + c and a + b/c would be one key, and the newer row would silently win."""
    frame = pl.DataFrame({"site": ["a", "a/b"], "unit": ["b/c", "c"]})
    message = r"^a\.csv: column site has the value a/b, which contains the separator '/' of id; two keys could become"
    with pytest.raises(BatchRefusedError, match=message):
        check_joins(frame, "a.csv", map_of(id={"join": ["site", "unit"], "separator": "/"}))
    check_joins(frame, "a.csv", map_of(id={"join": ["site", "unit"], "separator": "|"}))
    check_joins(frame.head(1), "a.csv", map_of(id={"join": ["site", "unit"], "separator": "/"}))
