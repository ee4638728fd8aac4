"""What is guessed from a sample: types, key, event time; and that the gate then accepts the sample's own rows."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any
from unicodedata import normalize

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel_orchestration.contracts import Contract, load_contracts
from sentinel_orchestration.contracts.draft import Sample, contract_text
from sentinel_orchestration.feeds.openable import BatchRefusedError
from sentinel_orchestration.feeds.readers import read_chunks
from sentinel_orchestration.lake.columns import RECEIVED
from sentinel_orchestration.lake.gate import Gated
from sentinel_orchestration.lake.sample import KEY_COLUMNS, Said, read_sample
from tests.contracts.test_draft import load, switched_on

CONTRACTS = load_contracts()
Run = Callable[..., Gated]
CHUNK = 7  # small, so that what is said of the chunks has to be put together


def save(frame: pl.DataFrame, path: Path) -> Path:
    {".parquet": frame.write_parquet, ".csv": frame.write_csv, ".jsonl": frame.write_ndjson}[path.suffix](path)
    return path


def sample_of(tmp_path: Path, frame: pl.DataFrame, suffix: str = ".parquet", **said: Any) -> Sample:
    return read_sample(save(frame, tmp_path / f"sample{suffix}"), CHUNK, said=Said(**said))


def types_of(tmp_path: Path, frame: pl.DataFrame, suffix: str = ".parquet") -> dict[str, str]:
    filled = frame.with_row_index("n").with_columns(pl.col("n").cast(pl.String) + "x")
    return {column.name: column.type for column in sample_of(tmp_path, filled, suffix).columns if column.name != "n"}


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("feed", CONTRACTS)
def test_the_shipped_contracts_are_found_again(
    fleet_rows: dict[str, pl.DataFrame], tmp_path: Path, feed: str, suffix: str
) -> None:
    """Types, key and event time, from the simulated rows alone, but for the types of columns that are empty there."""
    contract, sample = CONTRACTS[feed], read_sample(save(fleet_rows[feed], tmp_path / f"sample{suffix}"), 1000)
    assert sample.event_time == contract.event_time
    assert sorted(sample.key) == sorted(contract.key)
    filled = {c.name: c.type for c in sample.columns if c.missing < sample.rows}
    expected = {column.name: column.type for column in contract.columns if column.name in filled}
    assert filled == expected
    enums = {column.name: set(column.allowed) for column in contract.columns if column.allowed}
    assert all(set(c.values) <= enums[c.name] for c in sample.columns if c.name in enums and c.values)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-20", "0", None], "integer"),
        (["1", "NaN", ""], "integer"),
        (["007", "12"], "string"),
        (["1.5", "2", "1e3"], "number"),
        (["1.5", "inf"], "string"),
        (["0.5", "00.5"], "string"),
        (["9223372036854775808"], "number"),
        (["true", "FALSE", " yes "], "boolean"),
        (["yes", "maybe"], "string"),
        (["2026-01-31", "2026-02-01"], "date"),
        (["2026-01-31", "2026-02-30"], "string"),
        (["2026-01-31T00:00:00Z", "2026-02-01 13:00"], "timestamp"),
        (["2026-01-31", "2026-01-31T13:00:00+02:00"], "timestamp"),
        ([None, ""], "string"),
    ],
)
def test_types_of_text(tmp_path: Path, values: list[str | None], kind: str) -> None:
    assert types_of(tmp_path, pl.DataFrame({"x": pl.Series(values, dtype=pl.String)}), ".csv") == {"x": kind}


@pytest.mark.parametrize(
    ("series", "kind"),
    [
        (pl.Series([1, None], dtype=pl.Int32), "integer"),
        (pl.Series([2**64 - 1], dtype=pl.UInt64), "string"),
        (pl.Series([1.0, float("nan")]), "number"),
        (pl.Series(["1.5"]).cast(pl.Decimal(10, 2)), "number"),
        (pl.Series([True, None]), "boolean"),
        (pl.Series(["a", "b"]).cast(pl.Categorical), "string"),
        (pl.Series([date(2026, 1, 1)]), "date"),
        (pl.Series([datetime(2026, 1, 1), datetime(2026, 1, 2)]), "date"),
        (
            pl.Series([datetime(2026, 1, 1), datetime(2026, 1, 2, 1)], dtype=pl.Datetime("ns", "Asia/Kolkata")),
            "timestamp",
        ),
        (pl.Series([None, None]), "string"),
    ],
)
def test_types_of_typed_columns(tmp_path: Path, series: pl.Series, kind: str) -> None:
    assert types_of(tmp_path, series.alias("x").to_frame()) == {"x": kind}


def test_ids_are_text(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": [1, 2], "tower_id": [7, 7], "width": [1, 2]})
    assert types_of(tmp_path, frame) == {"id": "string", "tower_id": "string", "width": "integer"}


def test_a_value_of_a_late_chunk_counts(tmp_path: Path) -> None:
    frame = pl.DataFrame({"n": [f"r{n}" for n in range(50)], "x": ["1"] * 49 + ["1.5"], "y": ["1"] * 49 + ["?"]})
    sample = sample_of(tmp_path, frame, ".csv")
    assert [column.type for column in sample.columns] == ["string", "number", "string"]
    assert sample.rows == 50
    assert (sample.columns[1].lowest, sample.columns[1].highest) == (1, 1.5)


def test_nested_columns_are_left_out(tmp_path: Path) -> None:
    sample = sample_of(tmp_path, pl.DataFrame({"a": ["x", "y"], "parts": [[1], [2]], "wait": [timedelta(1)] * 2}))
    assert [column.name for column in sample.columns] == ["a"]
    assert sample.left_out.keys() == {"parts", "wait"}


def test_the_fewest_columns_that_identify_a_row(tmp_path: Path) -> None:
    hours = pl.datetime_range(datetime(2026, 3, 1), datetime(2026, 3, 3), "1h", eager=True)
    frame = pl.DataFrame({"ts": hours}).join(pl.DataFrame({"load": [1, 2, 3], "name": ["a", "b", "c"]}), how="cross")
    assert sample_of(tmp_path, frame).key == ("ts", "load")
    assert sample_of(tmp_path, frame.select("name", "ts", load="ts")).key == ("ts", "name")
    with_id = frame.with_row_index("reading_id")
    assert sample_of(tmp_path, with_id.select(pl.all().exclude("reading_id"), "reading_id")).key == ("reading_id",)


def test_exact_repeats_do_not_hide_the_key(tmp_path: Path) -> None:
    frame = pl.DataFrame({"code": ["a", "b"], "x": [1.0, 2.0]})
    sample = sample_of(tmp_path, pl.concat([frame, frame]))
    assert (sample.key, sample.repeated) == (("code",), 0)


def test_no_key_is_said_and_one_can_be_named(tmp_path: Path) -> None:
    frame = pl.DataFrame({"kind": ["a", "a", "b"], "x": [1.0, 2.0, 3.0]})
    with pytest.raises(BatchRefusedError, match=r"sample.parquet: found no key.*--key"):
        sample_of(tmp_path, frame)
    sample = sample_of(tmp_path, frame, key=("kind",))
    assert (sample.key, sample.repeated) == (("kind",), 1)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"key": ("y",)}, "y is no column of it"),
        ({"key": ("gap",)}, "gap has no value, .* in 1 rows"),
        ({"event_time": "y"}, "y is no column of it"),
        ({"event_time": "x"}, "x is no column of it that can be .* an event time must be written as a time"),
        ({"event_time": "a"}, "a has no value, or one that cannot be read as a timestamp, in 2 rows"),
    ],
)
def test_a_column_that_cannot_be_it(tmp_path: Path, said: dict[str, Any], message: str) -> None:
    with pytest.raises(BatchRefusedError, match=message):
        sample_of(tmp_path, pl.DataFrame({"a": ["p", "q"], "x": [1, 2], "gap": ["g", None]}), **said)


@pytest.mark.parametrize(
    ("columns", "event_time"),
    [
        ({"at": [datetime(2026, 3, 1, 2), datetime(2026, 3, 1, 3)]}, "at"),
        (
            {"opened": [datetime(2026, 3, 1, 2)] * 2, "closed": [None, datetime(2026, 3, 1, 3)]},
            None,
        ),  # may still be closed
        ({"last_updated": [datetime(2026, 3, 1, 2)] * 2}, None),
        ({"planned": [datetime(2999, 3, 1, 2)] * 2}, None),
        ({"founded": [datetime(1900, 3, 1, 2)] * 2}, None),
        ({"day": [date(2026, 3, 1)] * 2}, None),
    ],
)
def test_the_event_time(tmp_path: Path, columns: dict[str, list], event_time: str | None) -> None:
    assert sample_of(tmp_path, pl.DataFrame({"a": ["p", "q"], **columns})).event_time == event_time


def test_the_event_time_may_be_named(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": ["p", "q"], "at": [datetime(2026, 3, 1, 2)] * 2, "day": [date(2026, 3, 1)] * 2})
    assert sample_of(tmp_path, frame, event_time="none").event_time is None
    sample = sample_of(tmp_path, frame, event_time="day")
    assert sample.event_time == "day"
    assert sample.columns[2].type == "timestamp"


def test_a_file_without_rows_is_no_sample(tmp_path: Path) -> None:
    with pytest.raises(BatchRefusedError, match="has no rows"):
        sample_of(tmp_path, pl.DataFrame(schema={"a": pl.String}))


TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=6).map(
    partial(normalize, "NFC")
)  # as keys must be
TIMES = st.datetimes(datetime(2001, 1, 1), datetime(2026, 1, 1))
VALUES: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "text": (pl.String, TEXT),
    "written": (pl.String, st.sampled_from(["1", "01", "1.5", "true", "no", "2026-03-01", "2026-03-01T10:00:00Z", "NaN", " "])),
    "whole": (pl.Int64, st.integers(-(2**63), 2**63 - 1)),
    "small": (pl.Int8, st.integers(0, 3)),
    "huge": (pl.UInt64, st.integers(2**62, 2**64 - 1)),
    "real": (pl.Float64, st.floats(allow_infinity=False)),
    "flag": (pl.Boolean, st.booleans()),
    "kind": (pl.Categorical, st.sampled_from(["a", "b # c", "d\ne"])),
    "built": (pl.Date, st.dates(date(1900, 1, 1), date(2100, 1, 1))),
    "at": (pl.Datetime("ns"), TIMES),
    "midnight": (pl.Datetime("us"), st.dates(date(2001, 1, 1), date(2026, 1, 1)).map(lambda d: datetime(d.year, d.month, d.day))),
    "zoned": (pl.Datetime("us", "Asia/Kolkata"), TIMES.map(lambda t: t.replace(tzinfo=UTC))),
}  # fmt: skip


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    """A frame of some of the columns above, with gaps in some of them; often with one that identifies its rows."""
    rows = draw(st.integers(1, 20))
    names = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=5, unique=True))
    columns = {}
    for name in names:
        dtype, values = VALUES[name]
        drawn = draw(st.lists(st.none() | values if draw(st.booleans()) else values, min_size=rows, max_size=rows))
        columns[name] = pl.Series(name, drawn, dtype=dtype)
    if draw(st.integers(0, 3)):
        columns["code"] = pl.Series([f"C{number}" for number in range(rows)])
    return pl.DataFrame(columns)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frame=frames())
def test_the_gate_accepts_the_rows_of_the_sample(tmp_path: Path, gate_rows: Run, frame: pl.DataFrame) -> None:
    """Under the draft, and with all that it offers switched on. Where no key is found, one that is named will do."""
    path = save(frame, tmp_path / "sample.parquet")
    try:
        sample = read_sample(path, CHUNK)
    except BatchRefusedError:
        frame = frame.with_columns(code=pl.int_range(pl.len()).cast(pl.String))
        sample = read_sample(save(frame, path), CHUNK, said=Said(key=("code",)))
    text = contract_text("gusts", "weather", sample)
    for contract in (load(tmp_path, text), load(tmp_path, switched_on(text))):
        assert set(contract.column_names) == set(frame.columns)
        gated = gate_sample(path, contract, gate_rows)
        assert gated.quarantined.is_empty(), gated.quarantined
        assert gated.good.height + gated.duplicates.height == frame.height


def gate_sample(path: Path, contract: Contract, gate_rows: Run) -> Gated:
    raw = pl.concat(read_chunks(path, CHUNK))
    return gate_rows(raw.with_columns(pl.lit(datetime.now(UTC).replace(tzinfo=None)).alias(RECEIVED)), contract)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(*[st.sampled_from(["p", "q", None])] * 4), min_size=1, max_size=12))
def test_a_key_is_found_where_there_is_one(tmp_path: Path, rows: list[tuple[str | None, ...]]) -> None:
    frame = pl.DataFrame(rows, schema=dict.fromkeys("abcd", pl.String), orient="row")
    filled = [name for name in frame.columns if not frame[name].null_count()]
    distinct = frame.n_unique()
    keys = [
        set(names)
        for width in range(1, KEY_COLUMNS + 1)
        for names in combinations(filled, width)
        if frame.select(names).n_unique() == distinct
    ]
    try:
        found = set(sample_of(tmp_path, frame).key)
    except BatchRefusedError:
        assert keys == []
    else:
        assert found in keys
        assert len(found) == min(map(len, keys))
