"""What an endpoint may send at most, in megabytes and time."""

import gzip
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sentinel_orchestration.lake.received import Lake
from tests.feeds.http.conftest import Rows, error_of
from tests.feeds.http.server import LocalServer, Reply

Pulled = Callable[..., Lake]


@pytest.mark.parametrize("options", [{"format": "json"}, {"format": "jsonl"}, {"format": "csv"}])
@pytest.mark.parametrize("packed", [False, True])
def test_the_size_is_limited_as_unpacked(
    options: Mapping[str, Any], packed: bool, answering: LocalServer, pulled: Pulled
) -> None:
    body = b"x" * 3_000_000
    reply = Reply(gzip.compress(body), headers={"Content-Encoding": "gzip"}) if packed else Reply(body)
    answering.troubles = [reply]
    found = error_of(pulled("sites", max_megabytes=2, **options))
    assert found == "it sends over 2 MB. Ask for less, or raise `max_megabytes`."
    assert len(answering.asked) == 1


def test_the_size_is_that_of_all_pages(answering: LocalServer, pulled: Pulled, sites: Rows) -> None:
    answering.answer = lambda asked: Reply([sites[0] | {"site_name": asked.query["page"] * 200_000}])
    found = error_of(pulled("sites", max_megabytes=1, paging={"page": {"parameter": "page"}}))
    assert found == "page 6: it sends over 1 MB. Ask for less, or raise `max_megabytes`."


def test_a_json_page_is_limited_by_memory(
    answering: LocalServer, pulled: Pulled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sentinel_orchestration.feeds.http.endpoint.MAX_JSON_PAGE_BYTES", 2**20)
    answering.troubles = [Reply(b" " * 3_000_000)]
    assert error_of(pulled("sites")) == (
        "a JSON page is over 1 MB. Ask for fewer rows per page, or use `format: jsonl` or `csv`."
    )


def test_lines_without_an_end_are_not_taken_for_all(answering: LocalServer, pulled: Pulled) -> None:
    answering.troubles = [Reply("site_id\nS-1\n", has_length=False)]
    assert error_of(pulled("sites", format="csv")).startswith("its answer has no length")


def test_an_endpoint_that_drips_is_left(answering: LocalServer, pulled: Pulled) -> None:
    """Every byte comes within the time-out, so only the time of the whole pull ends it."""
    answering.troubles = [Reply("x" * 200, drips=True)]
    assert error_of(pulled("sites", max_minutes=0.005)) == (
        "it sends slowly; a pull may take 0.005 minutes. Raise `max_minutes`, or ask for less."
    )
