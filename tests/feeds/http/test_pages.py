"""What an endpoint has comes whole, however it splits it into pages."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
import pytest

from sentinel_orchestration.feeds.source import SourceError
from sentinel_orchestration.lake.received import Lake
from tests.feeds.http.conftest import Rows, kept
from tests.feeds.http.server import Asked, LocalServer, Reply

Pulled = Callable[..., Lake]
PAGE = 100


def by_cursor(rows: Rows) -> Callable[[Asked], Reply]:
    def answer(asked: Asked) -> Reply:
        start = int(asked.query.get("after", "0"))
        following = str(start + PAGE) if start + PAGE < len(rows) else None
        return Reply({"data": {"items": rows[start : start + PAGE]}, "meta": {"next": following}})

    return answer


def by_url(rows: Rows) -> Callable[[Asked], Reply]:
    def answer(asked: Asked) -> Reply:
        start = int(asked.query.get("start", "0"))
        following = f"{asked.path}?start={start + PAGE}" if start + PAGE < len(rows) else None
        return Reply({"data": {"items": rows[start : start + PAGE]}, "links": {"next": following}})

    return answer


def by_link(rows: Rows) -> Callable[[Asked], Reply]:
    def answer(asked: Asked) -> Reply:
        start = int(asked.query.get("start", "0"))
        link = {"Link": f'<{asked.path}?start={start + PAGE}>; rel="next", <{asked.path}>; rel="first"'}
        return Reply(rows[start : start + PAGE], headers=link if start + PAGE < len(rows) else {})

    return answer


def by_number(rows: Rows) -> Callable[[Asked], Reply]:
    return lambda asked: Reply(rows[(int(asked.query["page"]) - 1) * PAGE :][:PAGE])


def by_offset(rows: Rows) -> Callable[[Asked], Reply]:
    return lambda asked: Reply(rows[int(asked.query["skip"]) :][: int(asked.query["limit"])])


WAYS: dict[str, tuple[Callable[[Rows], Callable[[Asked], Reply]], Mapping[str, Any]]] = {
    "cursor": (by_cursor, {"rows": "data.items", "paging": {"cursor": {"path": "meta.next", "parameter": "after"}}}),
    "next_url": (by_url, {"rows": "data.items", "paging": {"next_url": "links.next"}}),
    "link_header": (by_link, {"paging": {"link_header": True}}),
    "page": (by_number, {"paging": {"page": {"parameter": "page"}}}),
    "offset": (by_offset, {"paging": {"offset": {"parameter": "skip"}}}),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_page_comes_once_in_order(way: str, server: LocalServer, pulled: Pulled, telemetry: Rows) -> None:
    answer, settings = WAYS[way]
    server.answer = answer(telemetry)
    lake = pulled(url=f"{server.url}?limit={PAGE}", **settings)
    (record,) = lake.receive("telemetry")
    assert record.rows == len(telemetry) > 2 * PAGE
    assert kept(lake).select(*telemetry[0]).rows(named=True) == telemetry
    assert server.asked[0].query["limit"] == str(PAGE)
    assert len(server.asked) == math.ceil(len(telemetry) / PAGE) + (way in ("page", "offset"))


def test_pages_of_csv_are_one_file_with_one_header(server: LocalServer, pulled: Pulled, telemetry: Rows) -> None:
    lines = pl.DataFrame(telemetry).write_csv().splitlines()

    def answer(asked: Asked) -> Reply:
        start = 1 + int(asked.query["skip"])
        return Reply("\ufeff" + "\r\n".join([lines[0], *lines[start : start + PAGE]]))

    server.answer = answer
    lake = pulled(format="csv", paging={"offset": {"parameter": "skip"}})
    (record,) = lake.receive("telemetry")
    assert record.rows == len(telemetry)
    assert kept(lake)["ts"].to_list() == [row["ts"] for row in telemetry]


def test_csv_comes_as_it_is(server: LocalServer, pulled: Pulled, sites: Rows) -> None:
    sites = [row | {"site_name": 'North "Rim";\n2'} for row in sites]
    server.answer = lambda asked: Reply(pl.DataFrame(sites).write_csv(separator=";"))
    lake = pulled("sites", format="csv")
    assert [record.refused_because for record in lake.receive("sites")] == [None]
    assert kept(lake, "sites")["site_name"].to_list() == [row["site_name"] for row in sites]


def test_json_lines_are_not_held_in_memory_as_a_page(server: LocalServer, pulled: Pulled, telemetry: Rows) -> None:
    server.answer = lambda asked: Reply(pl.DataFrame(telemetry).write_ndjson().rstrip("\n"))
    lake = pulled(format="jsonl")
    (record,) = lake.receive("telemetry")
    assert record.rows == len(telemetry)


def test_what_json_can_say_is_kept(server: LocalServer, pulled: Pulled, sites: Rows) -> None:
    """Numbers beyond 64 bits, escapes, null, nested values beyond the contract."""
    odd = sites[0] | {"site_name": "Ωmega\n\t\u2028", "region": None, "more": {"a": [1, {"b": None}]}}
    server.answer = lambda asked: Reply([*sites[1:], odd])
    lake = pulled("sites")
    (record,) = lake.receive("sites")
    assert record.extra_columns == ("more",)
    assert kept(lake, "sites").filter(site_id=odd["site_id"])["site_name"].to_list() == [odd["site_name"]]


@pytest.mark.parametrize("body", [[], {"data": []}, {"data": None}, b"", "ts,tower_id\n", "ts,tower_id"])
def test_no_rows_yet_is_no_error(body: Any, server: LocalServer, pulled: Pulled) -> None:
    server.answer = lambda asked: Reply(body)
    is_csv, is_envelope = isinstance(body, str), isinstance(body, dict)
    lake = pulled(format="csv" if is_csv else "json", **({"rows": "data"} if is_envelope else {}))
    assert lake.receive("telemetry") == []
    assert lake.active("telemetry") == {}


@pytest.mark.parametrize(
    ("body", "options", "message"),
    [
        ({"error": "busy"}, {"rows": "data.items"}, "it has no list of rows at data.items. It has: error."),
        ({"data": {"a": 1}}, {}, "it has no list of rows by itself; name the path to it in `rows`. It has: data."),
        ("<html>log in</html>", {}, "it sends what is not JSON (Expecting value: line 1 column 1 (char 0))."),
        ('[{"a": NaN}]', {}, "it sends what is not JSON (NaN is no JSON number)"),
        ("[" * 100_000, {}, "it sends what is not JSON"),
        (b"\xff\xfe[", {}, "it sends what is not JSON"),
    ],
)
def test_what_is_no_page_is_said(
    body: Any, options: Mapping[str, Any], message: str, server: LocalServer, pulled: Pulled
) -> None:
    server.answer = lambda asked: Reply(body)
    with pytest.raises(SourceError) as error:
        pulled(**options).receive("telemetry")
    assert str(error.value).startswith(f"telemetry: {server.url}: ")
    assert message in str(error.value)
    assert len(server.asked) == 1  # it will not be better the next time


def test_a_parameter_the_endpoint_does_not_know(server: LocalServer, pulled: Pulled, telemetry: Rows) -> None:
    server.answer = lambda asked: Reply(telemetry[:PAGE])
    with pytest.raises(SourceError, match="page 2: it has the rows of the page before"):
        pulled(paging={"page": {"parameter": "pgae"}}).receive("telemetry")


def test_a_cursor_that_turns_in_a_circle(server: LocalServer, pulled: Pulled, telemetry: Rows) -> None:
    def answer(asked: Asked) -> Reply:
        here = int(asked.query.get("after", "0"))
        return Reply({"rows": telemetry[here : here + 1], "next": str(here % 2 + 1)})

    server.answer = answer
    with pytest.raises(SourceError, match="page 3: it names a page again that it sent before"):
        pulled(rows="rows", paging={"cursor": {"path": "next", "parameter": "after"}}).receive("telemetry")


def test_pages_without_end(server: LocalServer, pulled: Pulled, telemetry: Rows) -> None:
    server.answer = lambda asked: Reply(telemetry[int(asked.query["page"]) :][:1])
    with pytest.raises(SourceError, match="it has over 5 pages"):
        pulled(paging={"page": {"parameter": "page"}}, max_pages=5).receive("telemetry")
    assert len(server.asked) == 5


def test_csv_pages_with_other_columns_are_not_mixed(server: LocalServer, pulled: Pulled) -> None:
    pages = {"1": "a,b\n1,2\n", "2": "b,a\n1,2\n"}
    server.answer = lambda asked: Reply(pages[asked.query["page"]])
    with pytest.raises(SourceError, match="page 2: it has another header line"):
        pulled(format="csv", paging={"page": {"parameter": "page"}}).receive("telemetry")
