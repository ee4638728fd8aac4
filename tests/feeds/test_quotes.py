"""What is taken as it is, every program reads alike; what is not is named by its line."""

import csv
import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sentinel_orchestration.feeds.openable import BatchRefusedError
from sentinel_orchestration.feeds.quotes import misplaced_quote
from sentinel_orchestration.feeds.readers import read_chunks

fields = st.text(alphabet='ab,;"\\\n é', max_size=8)
bodies = st.lists(st.lists(st.text(alphabet='ab,"\\\n', max_size=5), min_size=2, max_size=2), min_size=1, max_size=5)


def rows_of(text: str) -> list[tuple[str, ...]]:
    """The rows as Python reads them, but for those without a value."""
    return [tuple(row) for row in csv.reader(io.StringIO(text, newline="")) if any(row)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400)
@given(bodies)
@example([["x", '"North \\"Rim\\""']])
@example([["x", 'Rim 2" wide'], ["y", 'Rim 3" wide']])
@example([["x", '""a""']])
def test_whatever_is_accepted_is_read_as_python_reads_it(tmp_path: Path, body: list[list[str]]) -> None:
    text = "h,i\n" + "".join(",".join(row) + "\n" for row in body)
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    try:
        frame = pl.concat(read_chunks(tmp_path / "a.csv", 1000))
    except BatchRefusedError:
        return
    expected = [(*row, *[""] * (2 - len(row))) for row in rows_of(text)[1:]]
    assert [row for row in frame.fill_null("").rows() if any(row)] == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(fields, min_size=2, max_size=2), min_size=1, max_size=8),
    st.sampled_from(",;"),
    st.integers(1, 40),
)
def test_what_writers_write_is_right_whatever_the_blocks(
    tmp_path: Path, rows: list[list[str]], separator: str, block_bytes: int
) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=separator, lineterminator="\n").writerows([["h", "i"], *rows])
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf" + buffer.getvalue().encode())
    assert misplaced_quote(tmp_path / "a.csv", separator, block_bytes) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies, st.integers(1, 40))
def test_the_answer_does_not_depend_on_the_blocks(tmp_path: Path, body: list[list[str]], block_bytes: int) -> None:
    (tmp_path / "a.csv").write_text("".join(",".join(row) + "\n" for row in body), encoding="utf-8")
    whole, parts = (misplaced_quote(tmp_path / "a.csv", ",", size) for size in (10_000, block_bytes))
    assert (whole is None) == (parts is None)
    if whole and parts:
        assert whole.split(" has ")[0] == parts.split(" has ")[0]


@pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('a,"b', "line 3 has a quote that is never closed"),
        ('a,b"', "line 3 has a misplaced quote ('b\"'): double it, and quote the field"),
        ('a"b,c"d', "line 3 has a misplaced quote ('a\"b'): double it, and quote the field"),
        ('"a"b,c', "line 3 has a misplaced quote ('\"a\"b'): double it, and quote the field"),
        (r'"a\"b",c', r"""line 3 has a quote with a backslash before it ('"a\\"b"'): double the quote instead"""),
    ],
)
def test_a_misplaced_quote_is_named_by_its_line(tmp_path: Path, line: str, said: str, ending: str) -> None:
    (tmp_path / "a.csv").write_bytes(f'h,i\n1,"2"\n{line}{ending}'.encode())
    assert misplaced_quote(tmp_path / "a.csv", ",") == said
