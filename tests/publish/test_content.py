"""Equal rows, equal hash: whatever their order, file or thread count; any other value, another hash."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_orchestration.publish.content import combined_digest, release_contents

VALUES = st.lists(
    st.tuples(
        st.integers(-(2**31), 2**31 - 1), st.text(max_size=20).filter(lambda t: "\x00" not in t), st.floats(-1e9, 1e9)
    )
)


def _contents_of(connection):
    with TemporaryDirectory() as scratch:
        contents = release_contents(connection, Path(scratch))
        assert not list(Path(scratch).iterdir())
    return contents


@cache  # connecting takes longer than all the rest
def _connection(threads):
    connection = duckdb.connect(config={"threads": threads})
    connection.execute("create schema marts")
    return connection


def _content(rows, threads=1):
    connection = _connection(threads)
    connection.execute("create or replace table marts.t (a integer, b varchar, c double)")
    if rows:
        values = ", ".join(["(?, ?, ?)"] * len(rows))
        connection.execute(f"insert into marts.t values {values}", [value for row in rows for value in row])
    return _contents_of(connection)


@given(VALUES)
def test_order_and_threads_do_not_matter(rows):
    assert _content(rows) == _content(list(reversed(rows)), threads=4)
    assert _content(rows)[0].rows == len(rows)


@pytest.mark.parametrize(
    "other",
    [[(1, "a", 2.0)], [(1, "a", 1.0), (1, "a", 1.0)], [(1, "", 1.0)], [(1, None, 1.0)], [(None, "a", 1.0)], []],
)
def test_any_difference_shows(other):
    assert _content([(1, "a", 1.0)])[0].sha256 != _content(other)[0].sha256


def test_names_and_types_of_columns_are_content():
    def digest(ddl):
        with duckdb.connect() as connection:
            connection.execute(f"create schema marts; create table marts.t ({ddl})")
            return combined_digest(_contents_of(connection))

    assert len({digest("a integer"), digest("b integer"), digest("a bigint")}) == 3


@pytest.mark.parametrize(
    ("kind", "value", "other"),
    [
        ("timestamp", "timestamp '2026-01-01 00:00:00.000001'", "timestamp '2026-01-01 00:00:00.000002'"),
        ("date", "date '2026-01-01'", "date '2026-01-02'"),
        ("boolean", "true", "false"),
        ("decimal(12, 3)", "1.001", "1.002"),
        ("hugeint", "170141183460469231731687303715884105727", "170141183460469231731687303715884105726"),
        ("time", "time '00:00:01'", "time '00:00:02'"),
        ("varchar[]", "['a', 'b']", "['a,b']"),
        ("double", "'nan'::double", "'inf'::double"),
        ("double", "0.30000000000000004", "0.3"),
    ],
)
def test_every_type_is_told_apart_and_from_null(kind, value, other):
    def digest(literal):
        with duckdb.connect() as connection:
            connection.execute(f'create schema marts; create table marts.t ("a ""b" {kind}, n integer)')
            connection.execute(f"insert into marts.t values ({literal}, 1)")
            return combined_digest(_contents_of(connection))

    assert digest(value) == digest(value)
    assert len({digest(value), digest(other), digest("null")}) == 3


def test_zero_has_one_hash_whatever_its_sign():
    assert _content([(1, "a", 0.0), (2, "a", -0.0)]) == _content([(1, "a", -0.0), (2, "a", 0.0)])


def test_texts_do_not_run_into_each_other():
    assert _content([(1, "ab", 1.0), (2, "c", 1.0)]) != _content([(1, "a", 1.0), (2, "bc", 1.0)])


def test_tables_of_every_schema_are_content_except_those_of_ops():
    with duckdb.connect() as connection, TemporaryDirectory() as scratch:
        for name in ("marts.a", "reports.b", "ops.c"):
            connection.execute(f"create schema {name[:-2]}; create table {name} as select 1 as x")
        connection.execute("create table d as select 1 as x; create view marts.e as select 1 as x")
        contents = release_contents(connection, Path(scratch))
        assert [content.name for content in contents] == ["main.d", "marts.a", "reports.b"]
        assert [content.name for content in release_contents(connection, Path(scratch), ops=True)] == ["ops.c"]


def test_a_table_keeps_its_hash_in_another_schema_but_not_the_release():
    def contents_of(schema):
        with duckdb.connect() as connection:
            connection.execute(f"create schema {schema}; create table {schema}.t as select 1 as x")
            return _contents_of(connection)

    marts, reports = contents_of("marts"), contents_of("reports")
    assert marts[0].sha256 == reports[0].sha256
    assert combined_digest(marts) != combined_digest(reports)
