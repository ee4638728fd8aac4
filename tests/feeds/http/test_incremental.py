"""Pulls that go on where the last one ended: everything comes, nothing comes as new twice."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from sentinel_orchestration.feeds.source import SourceError
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.rejudging import judge_again
from tests.feeds.http.conftest import Rows, kept
from tests.feeds.http.server import Asked, LocalServer, Reply

Pulled = Callable[..., Lake]
BY_TIME = {"since": {"parameter": "after", "column": "ts"}}


class Store:
    """What the endpoint has by now; it gives the rows whose time is after the one asked for."""

    def __init__(self, server: LocalServer, rows: Rows, column: str = "ts") -> None:
        self.rows, self.column = rows, column
        server.answer = self.answer

    def answer(self, asked: Asked) -> Reply:
        after = asked.query.get("after")
        return Reply([row for row in self.rows if after is None or row[self.column] > type(row[self.column])(after)])


def test_each_pull_asks_for_what_is_newer(server: LocalServer, pulled: Pulled, telemetry: Rows) -> None:
    store = Store(server, telemetry[:100])
    lake = pulled(**BY_TIME)
    for end in (96, 96, 150, 150, len(telemetry)):
        store.rows = telemetry[:end]
        lake.receive("telemetry")
    assert [asked.query.get("after") for asked in server.asked] == [
        None, *(telemetry[end - 1]["ts"] for end in (96, 96, 150, 150))
    ]  # fmt: skip
    assert [record.rows for record in lake.bronze("telemetry").active()] == [96, 54, len(telemetry) - 150]
    assert kept(lake).height == len(telemetry)


def test_an_endpoint_that_repeats_the_last_row_adds_one_batch_at_most(
    server: LocalServer, pulled: Pulled, telemetry: Rows
) -> None:
    server.answer = lambda asked: Reply([row for row in telemetry if row["ts"] >= asked.query.get("after", "")])
    lake = pulled(**BY_TIME)
    for _ in range(4):
        lake.receive("telemetry")
    assert len(lake.bronze("telemetry").records()) == 2


def test_a_column_of_numbers_beyond_the_contract(server: LocalServer, pulled: Pulled, sites: Rows) -> None:
    store = Store(server, [row | {"change": 9 + number} for number, row in enumerate(sites)], "change")
    lake = pulled("sites", since={"parameter": "after", "column": "change"})
    lake.receive("sites")
    lake.receive("sites")
    store.rows = [*store.rows, sites[0] | {"change": 100, "region": "moved"}]
    lake.receive("sites")
    assert [asked.query.get("after") for asked in server.asked] == [None, "11", "11"]
    assert kept(lake, "sites")["region"].to_list()[-1] == "moved"


def test_paging_goes_with_it(server: LocalServer, pulled: Pulled, telemetry: Rows) -> None:
    def answer(asked: Asked) -> Reply:
        rows = [row for row in telemetry if row["ts"] > asked.query.get("after", "")]
        return Reply(rows[int(asked.query["skip"]) :][:100])

    server.answer = answer
    lake = pulled(**BY_TIME, paging={"offset": {"parameter": "skip"}})
    lake.receive("telemetry")
    lake.receive("telemetry")
    assert (server.asked[-1].query["after"], server.asked[-1].query["skip"]) == (telemetry[-1]["ts"], "0")


def test_a_time_in_the_future_does_not_hide_what_comes(server: LocalServer, pulled: Pulled, telemetry: Rows) -> None:
    Store(server, [*telemetry[:6], telemetry[6] | {"ts": "2999-01-01T00:00:00Z"}])
    lake = pulled(**BY_TIME)
    lake.receive("telemetry")
    lake.receive("telemetry")
    assert server.asked[-1].query["after"] == telemetry[5]["ts"]


def test_a_refused_pull_is_asked_for_again(server: LocalServer, pulled: Pulled, telemetry: Rows) -> None:
    store = Store(server, telemetry[:96])
    lake = pulled(**BY_TIME)
    lake.receive("telemetry")
    store.rows = [*telemetry[:96], *({k: v for k, v in row.items() if k != "cpu_pct"} for row in telemetry[96:120])]
    assert lake.receive("telemetry")[-1].refused_because
    store.rows = telemetry[:120]
    assert not lake.receive("telemetry")[-1].refused_because
    assert [asked.query.get("after") for asked in server.asked] == [None, telemetry[95]["ts"], telemetry[95]["ts"]]
    assert kept(lake).height == 120


def test_rows_of_a_record_that_was_removed_come_again(server: LocalServer, pulled: Pulled, telemetry: Rows) -> None:
    store = Store(server, telemetry)
    lake = pulled(**BY_TIME)
    for end in (60, 120, 180):
        store.rows = telemetry[:end]
        lake.receive("telemetry")
    bronze = lake.bronze("telemetry")
    (bronze.folder / "_batches" / f"{bronze.active()[1].batch_id}.json").unlink()
    lake.receive("telemetry")
    assert server.asked[-1].query["after"] == telemetry[59]["ts"]
    assert kept(lake).unique(["tower_id", "ts"]).height == 180
    lake.receive("telemetry")
    assert server.asked[-1].query["after"] == telemetry[179]["ts"]


def test_another_column_begins_again(server: LocalServer, pulled: Pulled, telemetry: Rows) -> None:
    server.answer = lambda asked: Reply(telemetry[:6])
    pulled(**BY_TIME).receive("telemetry")
    pulled(since={"parameter": "after", "column": "tower_id"}).receive("telemetry")
    assert server.asked[-1].query == {}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"a": 1}, "its rows have no column ts, which `since` names. They have: a."),
        ({"ts": [1]}, "its column ts holds List"),
    ],
)
def test_a_column_that_cannot_be_used(row: dict[str, Any], message: str, server: LocalServer, pulled: Pulled) -> None:
    server.answer = lambda asked: Reply([row])
    lake = pulled(**BY_TIME)
    with pytest.raises(SourceError) as error:
        lake.receive("telemetry")
    assert message in str(error.value)
    assert lake.bronze("telemetry").records() == []


class TestWholePulls:
    """Without `since`, each pull is what the endpoint has now."""

    def test_the_same_again_changes_nothing(self, server: LocalServer, pulled: Pulled, sites: Rows) -> None:
        server.answer = lambda asked: Reply(sites)
        lake = pulled("sites")
        lake.receive("sites")
        before = {path: path.stat().st_mtime_ns for path in lake.bronze("sites").folder.rglob("*.*")}
        lake.receive("sites")
        assert {path: path.stat().st_mtime_ns for path in lake.bronze("sites").folder.rglob("*.*")} == before

    def test_what_comes_back_counts_as_the_last(self, server: LocalServer, pulled: Pulled, sites: Rows) -> None:
        lake = pulled("sites")
        for region in ("north", "south", "north"):
            server.answer = lambda asked, region=region: Reply([row | {"region": region} for row in sites])
            lake.receive("sites")
        assert kept(lake, "sites")["region"].to_list()[:: len(sites)] == ["north", "south", "north"]

    def test_the_last_may_replace_the_others(self, server: LocalServer, pulled: Pulled, sites: Rows) -> None:
        lake = pulled("sites", keep="last")
        for rows in (sites, sites[1:], []):
            server.answer = lambda asked, rows=rows: Reply(rows)
            lake.receive("sites")
        assert kept(lake, "sites").height == len(sites) - 1

    def test_another_url_is_another_source(self, server: LocalServer, pulled: Pulled, sites: Rows) -> None:
        """Its pulls replace those of the old one, which come back with it."""
        server.answer = lambda asked: Reply(sites[:1] if asked.path == "/v2/rows" else sites)
        pulled("sites").receive("sites")
        moved = pulled("sites", url=server.url.replace("/api", "/v2"))
        moved.receive("sites")
        assert kept(moved, "sites").height == 1
        back = pulled("sites")
        back.receive("sites")
        assert kept(back, "sites").height == len(sites)

    def test_what_is_pulled_later_is_newer(self, server: LocalServer, pulled: Pulled, sites: Rows) -> None:
        """Whatever times are in the rows, and also after batches were judged again under another clock."""
        lake = pulled("sites")
        newest = max(sites, key=lambda row: row["commissioned_date"])
        for rows in (sites, [row | {"region": "later"} for row in sites if row is not newest]):
            server.answer = lambda asked, rows=rows: Reply(rows)
            lake.receive("sites")
        assert set(kept(lake, "sites")["region"].to_list()[len(sites) :]) == {"later"}
        judge_again(lake, "sites", datetime(2026, 5, 1), "the clock was wrong")
        assert len(lake.receive("sites")) == 2
        assert set(kept(lake, "sites")["region"].to_list()[len(sites) :]) == {"later"}
        server.answer = lambda asked: Reply(sites)
        lake.receive("sites")
        assert [record.reason for record in lake.bronze("sites").active()] == ["the clock was wrong"] * 2 + [None]
