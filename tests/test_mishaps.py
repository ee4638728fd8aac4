"""An error is known by its class and code, whether raised here or kept by Dagster as class name and message."""

import errno
import os
import re
import sqlite3
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import polars as pl
import pytest

from sentinel_orchestration.mishaps import Fault, _is_damaged_sqlite, explain, in_one_line
from sentinel_orchestration.settings import Settings

GARBLED = b"x" * 9_999


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with a whole warehouse and one file of silver."""
    settings = Settings(home=tmp_path)
    settings.layout.warehouse.parent.mkdir(parents=True)
    with duckdb.connect(str(settings.layout.warehouse)) as connection:
        connection.execute("create schema marts; create table marts.t as select 1 as a")
    silver = settings.layout.silver_file("sites")
    silver.parent.mkdir(parents=True)
    pl.DataFrame({"a": [1]}).write_parquet(silver)
    return settings


def garbled(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(GARBLED)
    return path


def _no_room(settings: Settings) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/x/part.parquet")


def _no_room_for_polars(settings: Settings) -> None:
    raise pl.exceptions.ComputeError("parquet: underlying IO error: No space left on device (os error 28)")


def _no_room_for_duckdb(settings: Settings) -> None:
    raise duckdb.TransactionException('Failed to commit: Could not write file "/x/s.duckdb": No space left on device')


def _forbidden(settings: Settings) -> None:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/x/data/silver")


def _forbidden_for_duckdb(settings: Settings) -> None:
    raise duckdb.IOException('IO Error: Cannot open file "/x/s.duckdb.wal": Permission denied')


def _damaged_history(settings: Settings) -> None:
    with closing(sqlite3.connect(garbled(settings.layout.dagster / "history" / "runs.db"))) as connection:
        connection.execute("select * from runs")


def _damaged_silver(settings: Settings) -> None:
    pl.read_parquet(garbled(settings.layout.silver_file("sites")))


def _damaged_silver_for_duckdb(settings: Settings) -> None:
    duckdb.sql(f"from '{garbled(settings.layout.silver_file('sites'))}'").fetchall()


def _damaged_bronze(settings: Settings) -> None:
    pl.read_parquet(garbled(settings.layout.bronze / "sites" / "b-0.parquet"))


def _damaged_warehouse(settings: Settings) -> None:
    duckdb.connect(str(garbled(settings.layout.warehouse)))


@pytest.mark.parametrize(
    ("fail", "said"),
    [
        (_no_room, "No space left on device: {data} has"),
        (_no_room_for_polars, "No space left on device: {data} has"),
        (_no_room_for_duckdb, "No space left on device: {data} has"),
        (_forbidden, "/x/data/silver: Permission denied. Let the user"),
        (_forbidden_for_duckdb, "/x/s.duckdb.wal: Permission denied. Let the user"),
        (_damaged_history, "{data}/dagster/history/runs.db: Dagster's history is damaged. Move {data}/dagster away"),
        (_damaged_silver, "{data}/silver/sites/part.parquet: damaged parquet. Remove it and build again"),
        (_damaged_silver_for_duckdb, "{data}/silver/sites/part.parquet: damaged parquet. Remove it and build again"),
        (
            _damaged_bronze,
            "{data}/bronze/sites/b-0.parquet: damaged parquet. Remove {data}/bronze/sites and build again",
        ),
        (_damaged_warehouse, "{data}/warehouse/sentinel.duckdb is damaged. Remove it and run the same again"),
    ],
)
def test_what_happened_where_and_what_to_do(settings: Settings, fail: Callable[[Settings], None], said: str) -> None:
    with pytest.raises(Exception) as raised:
        fail(settings)
    expected = said.format(data=settings.layout.data)
    found = in_one_line(raised.value, settings)
    assert found
    assert found.startswith(expected)
    kept = "".join(traceback.format_exception_only(raised.value))
    explained = explain([Fault.read(type(raised.value).__name__, kept)], settings)
    step = RuntimeError("a step failed")
    step.__cause__ = raised.value
    for other in (explained, in_one_line(step, settings)):
        assert _but_for_free_space(other) == _but_for_free_space(found)


def _but_for_free_space(text: str | None) -> str:
    """Others write to the disk meanwhile."""
    return re.sub(r"[\d,.]+ MB free", "some MB free", str(text))


@pytest.mark.parametrize("name", ["a?b", "a%41", "a#b", "a[b]"])
def test_a_whole_history_is_not_called_damaged_for_the_name_of_its_folder(tmp_path: Path, name: str) -> None:
    history = tmp_path / name / "runs.db"
    history.parent.mkdir()
    with closing(sqlite3.connect(history)) as connection:
        connection.execute("create table runs (id)")
    assert not _is_damaged_sqlite(history)
    assert _is_damaged_sqlite(garbled(history))


@pytest.mark.parametrize(
    "error",
    [
        duckdb.IOException('IO Error: Could not set lock on file "/x/s.duckdb": Conflicting lock is held in python'),
        duckdb.IOException('IO Error: No files found that match the pattern "/x/data/silver/sites/*.parquet"'),
        duckdb.CatalogException("Catalog Error: Table with name t does not exist!"),
        pl.exceptions.ComputeError("conversion from `str` to `i64` failed"),
        FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "/x"),
        ValueError("Denied"),
    ],
    ids=lambda error: str(error)[:30],
)
def test_what_is_no_mishap(settings: Settings, error: Exception) -> None:
    assert in_one_line(error, settings) is None
    kept = "".join(traceback.format_exception_only(error))
    assert explain([Fault.read(type(error).__name__, kept)], settings) is None


def test_what_dbt_keeps_of_duckdbs_error(settings: Settings) -> None:
    words = 'Runtime Error in model t (t.sql)\n  IO Error: Could not write file "/x/s.duckdb": No space left on device'
    assert "No space left on device: " in str(explain([Fault.read(None, words)], settings))
    damaged = "t: Runtime Error in model t (t.sql)\n  IO Error: Corrupt database file: computed checksum 1 in block 2"
    assert explain([Fault.read(None, damaged)], settings) is None  # the warehouse is whole
    settings.layout.warehouse.unlink()
    assert "was damaged and is removed" in str(explain([Fault.read(None, damaged)], settings))
