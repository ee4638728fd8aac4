"""Equal rows, equal hash: whatever their order, file or thread count; any other value, another hash."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_orchestration.publish.content import combined_digest, table_contents

VALUES = st.lists(
    st.tuples(
        st.integers(-(2**31), 2**31 - 1), st.text(max_size=20).filter(lambda t: "\x00" not in t), st.floats(-1e9, 1e9)
    )
)


def _content(rows, threads=1):
    with duckdb.connect(config={"threads": threads}) as connection:
        connection.execute("create schema marts; create table marts.t (a integer, b varchar, c double)")
        if rows:
            connection.executemany("insert into marts.t values (?, ?, ?)", rows)
        return table_contents(connection, "marts")


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
            return combined_digest(table_contents(connection, "marts"))

    assert len({digest("a integer"), digest("b integer"), digest("a bigint")}) == 3
