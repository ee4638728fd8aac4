"""Files as people save them are read as they are. What is refused, and with which message, is in tests/hostile."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from sentinel_orchestration.feeds.openable import BatchRefusedError
from sentinel_orchestration.feeds.readers import column_names, read_chunks
from sentinel_orchestration.feeds.submission import expand
from sentinel_orchestration.lake.received import Lake
from tests.hostile.files import delta_table, iceberg_table


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Writes a file's bytes and returns its path."""

    def save(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return save


def read(path: Path, rows: int = 1000) -> pl.DataFrame:
    return pl.concat(list(read_chunks(path, rows)))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_csv_with_any_usual_separator(saved: Callable[..., Path], separator: str) -> None:
    text = f"site_id{separator}site_name{separator}lat\nS1{separator}North Rim{separator}46,5\n"
    quoted = text.replace("46,5", '"46,5"')
    assert read(saved("sites.csv", quoted)).rows() == [("S1", "North Rim", "46,5")]


@pytest.mark.parametrize("header", ["a,b", '"a","b"'])
def test_csv_of_a_spreadsheet(saved: Callable[..., Path], header: str) -> None:
    frame = read(saved("x.CSV", f'\ufeff{header}\r\n1,"two\r\nlines, ""quoted"""\r\n,x\r\n'))
    assert frame.rows(named=True) == [{"a": "1", "b": 'two\r\nlines, "quoted"'}, {"a": None, "b": "x"}]


def test_lines_without_a_value_are_not_rows(saved: Callable[..., Path]) -> None:
    assert read(saved("x.csv", "a,b\n1,2\n\n3,\n,\n\n")).rows() == [("1", "2"), ("3", None)]


def test_csv_values_stay_text(saved: Callable[..., Path]) -> None:
    frame = read(saved("x.csv", "id,flag,at\n007,TRUE,2026-01-31 13:00\n"))
    assert frame.rows() == [("007", "TRUE", "2026-01-31 13:00")]


@pytest.mark.parametrize("suffix", ["parquet", "pq"])
def test_parquet_keeps_its_types(tmp_path: Path, suffix: str) -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": [True, None]})
    frame.write_parquet(tmp_path / f"x.{suffix}")
    assert read(tmp_path / f"x.{suffix}").equals(frame)


@pytest.mark.parametrize("suffix", ["jsonl", "ndjson", "JSONL"])
def test_json_lines_with_fields_that_come_late(saved: Callable[..., Path], suffix: str) -> None:
    lines = '{"a": 1}\n' * 500 + '\n{"a": 2.5, "b": "late"}\n'
    frame = read(saved(f"x.{suffix}", lines))
    assert frame.schema == {"a": pl.Float64, "b": pl.String}
    assert frame.rows()[-1] == (2.5, "late")


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_chunks_have_every_row_once_in_order(tmp_path: Path, kind: str) -> None:
    frame, path = pl.DataFrame({"n": range(5000)}), tmp_path / f"x.{kind}"
    {"csv": frame.write_csv, "jsonl": frame.write_ndjson, "parquet": frame.write_parquet}[kind](path)
    chunks = list(read_chunks(path, 700))
    assert len(chunks) > 1
    assert pl.concat(chunks)["n"].cast(pl.Int64).to_list() == list(range(5000))


def test_a_name_with_wildcards_is_one_file(saved: Callable[..., Path]) -> None:
    saved("a1.csv", "n\n1\n")
    assert read(saved("a[1].csv", "n\n2\n")).rows() == [("2",)]
    assert read(saved("a*.csv", "n\n3\n")).rows() == [("3",)]


@pytest.mark.parametrize(("write", "kind", "count"), [(delta_table, "Delta Lake", 2), (iceberg_table, "Iceberg", 4)])
def test_no_file_of_a_table_with_a_log_is_read_by_itself(
    lake: Lake, write: Callable[[Path], None], kind: str, count: int
) -> None:
    write(lake.layout.inbox / "sites/fleet")
    records = lake.receive("sites")
    assert len(records) == count
    for record in records:
        name = record.source_file.rpartition("/")[2]
        assert record.refused_because == (
            f"{name}: is part of the {kind} table fleet, whose log says which files and rows count. Export the table's rows "
            "to a parquet file, and submit that."
        )
    (submitted, *_) = expand(lake.layout.inbox / "sites/fleet")
    with pytest.raises(BatchRefusedError, match=f"is part of the {kind} table fleet"):
        column_names(submitted)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BatchRefusedError, match=r"no such file. Check the path"):
        read(tmp_path / "x.csv")


def test_column_names_need_no_rows(saved: Callable[..., Path]) -> None:
    assert column_names(saved("x.csv", "\ufeffa;b\r\n")) == ["a", "b"]
    with pytest.raises(BatchRefusedError, match=r"y\.parquet"):
        column_names(saved("y.parquet", b"PAR1"))
