"""The newest value of a column, by whatever it is a column of; never one beyond what was received."""

from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import parse_qsl, urlsplit

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from sentinel_orchestration.feeds.http.cursor import newest_value
from sentinel_orchestration.feeds.http.paging import with_parameter

NOW = datetime(2026, 6, 1)
OFFSETS = st.integers(-14 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1), timezones=OFFSETS)


def of(*values: object) -> str | None:
    return newest_value([pl.DataFrame({"c": [value]}) for value in values], "c", NOW)


@given(st.lists(st.tuples(TIMES, st.sampled_from(["T", " "]), st.booleans()), min_size=1, max_size=6))
def test_times_are_compared_as_moments(written: list[tuple[datetime, str, bool]]) -> None:
    def text(time: datetime, separator: str, is_utc: bool) -> str:
        return time.astimezone(UTC).isoformat(separator).replace("+00:00", "Z") if is_utc else time.isoformat(separator)

    past = {text(*parts): parts[0] for parts in written if parts[0].astimezone(UTC).replace(tzinfo=None) <= NOW}
    found = newest_value([pl.DataFrame({"c": [text(*parts) for parts in written]})], "c", NOW)
    if not past:
        assert found is None or datetime.fromisoformat(found).astimezone(UTC).replace(tzinfo=None) <= NOW + timedelta(
            hours=1
        )
    else:
        assert found is not None
        assert datetime.fromisoformat(found) >= max(past.values())


@given(st.lists(st.integers(-(2**62), 2**62), min_size=1))
def test_numbers_are_compared_as_numbers(numbers: list[int]) -> None:
    largest = str(max(numbers))
    assert newest_value([pl.DataFrame({"c": numbers})], "c", NOW) == largest
    assert newest_value([pl.DataFrame({"c": [str(number) for number in numbers]})], "c", NOW) == largest


@given(st.lists(st.text(st.characters(categories=["L"]), min_size=1), min_size=1))
def test_text_is_compared_as_text(texts: list[str]) -> None:
    assert newest_value([pl.DataFrame({"c": texts})], "c", NOW) == max(texts, key=str.encode)


def test_words_among_times_do_not_win() -> None:
    assert of("2026-01-01", "unknown", "2026-01-02 10:00", None, "") == "2026-01-02 10:00"


def test_without_values_there_is_none() -> None:
    assert of(None, "") is None
    assert newest_value([], "c", NOW) is None
    assert of("2999-01-01") is None


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_parameter_comes_back_as_it_was(value: str) -> None:
    url = with_parameter("https://a.example/x?b=1&after=old&empty=", "after", value)
    assert parse_qsl(urlsplit(url).query, keep_blank_values=True) == [("b", "1"), ("empty", ""), ("after", value)]
