"""What a route is owed: an opening, a reminder per window, an end; and once per day all of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_orchestration.automation.alerts.outbox import AT_ONCE, News, Told, outbox
from sentinel_orchestration.automation.alerts.routes import Route
from sentinel_orchestration.observe.incidents import Incident
from tests.automation.alerts.made import NOON, incident

ROUTE = Route(name="on-call", url="ONCALL", repeat_hours=24)
HOUR = timedelta(hours=1)
UTC = ZoneInfo("UTC")
OVER = {"resolved_at": NOON}


def told(*news: str, hours_ago: float = 1, severity: str = "error") -> list[Told]:
    return [Told(one, severity, NOON - hours_ago * HOUR) for one in news]


def owed(found: Incident, known: list[Told], route: Route = ROUTE, now: datetime = NOON) -> list[str]:
    return [str(post.news) for post in outbox([found], [route], {(found.id, route.name): known}, now, UTC)]


@pytest.mark.parametrize(
    ("about", "known", "news"),
    [
        ({}, [], ["opened"]),
        (OVER, [], []),
        ({}, told("opened"), []),
        (OVER, told("opened"), ["resolved"]),
        (OVER, told("opened", "resolved"), []),
        (OVER, told("opened", "still", hours_ago=30), ["resolved"]),
        ({}, told("opened", hours_ago=23.9), []),
        ({}, told("opened", hours_ago=24), ["still"]),
        ({}, [*told("opened", hours_ago=48), *told("still", hours_ago=23)], []),
        ({"acknowledged_at": NOON}, told("opened", hours_ago=24), []),
        ({"acknowledged_at": NOON, **OVER}, told("opened", hours_ago=24), ["resolved"]),
        ({"severity": "warn"}, told("opened", severity="warn"), []),
        ({}, told("opened", severity="warn"), ["worse"]),
        ({"acknowledged_at": NOON}, told("opened", severity="warn"), ["worse"]),
        ({}, [*told("opened", severity="warn"), *told("worse")], []),
    ],
)
def test_what_is_owed_about_one_problem(about: dict[str, object], known: list[Told], news: list[str]) -> None:
    assert owed(incident(**about), known) == news


def test_one_that_became_an_error_opens_where_only_errors_go() -> None:
    route = ROUTE.model_copy(update={"severity": "error"})
    assert owed(incident(severity="warn"), [], route) == []
    assert owed(incident(), [], route) == ["opened"]


def test_many_at_once_are_one_message() -> None:
    many = [incident(f"{number}") for number in range(AT_ONCE + 1)]
    (post,) = outbox(many, [ROUTE], {}, NOON, UTC)
    assert (post.news, post.incidents) == (News.OPENED, tuple(many))
    assert len(list(outbox(many[1:], [ROUTE], {}, NOON, UTC))) == AT_ONCE


def test_each_route_is_owed_its_own() -> None:
    other = ROUTE.model_copy(update={"name": "other"})
    known = {("1a2b3c4d", "on-call"): told("opened")}
    assert [post.route.name for post in outbox([incident()], [ROUTE, other], known, NOON, UTC)] == ["other"]


class TestDigest:
    DAILY = ROUTE.model_copy(update={"digest": time(7, 30)})
    DENVER = ZoneInfo("America/Denver")  # 7:30 there is 14:30 UTC in winter, 13:30 in summer

    def is_owed(self, now: datetime, *posted: datetime, zone: ZoneInfo = DENVER) -> bool:
        known = {(None, "on-call"): [Told("digest", None, at) for at in posted]}
        return [post.news for post in outbox([], [self.DAILY], known, now, zone)] == [News.DIGEST]

    @pytest.mark.parametrize(
        ("now", "posted", "is_owed"),
        [
            (datetime(2026, 11, 29, 14, 29), [datetime(2026, 11, 28, 14, 30)], False),
            (datetime(2026, 11, 29, 14, 30), [datetime(2026, 11, 28, 14, 30)], True),
            (datetime(2026, 11, 29, 14, 31), [datetime(2026, 11, 29, 14, 30)], False),
            (datetime(2026, 11, 30, 1, 0), [datetime(2026, 11, 28, 14, 30)], True),
            (datetime(2026, 11, 30, 3, 0), [datetime(2026, 11, 28, 14, 30)], False),
            (datetime(2026, 7, 1, 13, 30), [], True),
            (datetime(2026, 7, 1, 13, 29), [], False),
        ],
    )
    def test_once_per_day_by_the_operators_clock(self, now: datetime, posted: list[datetime], is_owed: bool) -> None:
        assert self.is_owed(now, *posted) == is_owed

    @given(st.integers(0, 365 * 24 * 2), st.sampled_from(["America/Denver", "Australia/Lord_Howe", "UTC"]))
    def test_rounds_each_half_hour_post_one_per_day(self, start: int, zone: str) -> None:
        posted: list[datetime] = []
        first = datetime(2026, 1, 1) + start * HOUR / 2
        for half_hours in range(5 * 48):
            now = first + half_hours * HOUR / 2
            if self.is_owed(now, *posted, zone=ZoneInfo(zone)):
                posted.append(now)
        gaps = [later - earlier for earlier, later in pairwise(posted)]
        assert len(posted) in (4, 5, 6)
        assert all(timedelta(hours=22) <= gap <= timedelta(hours=26) for gap in gaps[1:])

    def test_it_has_what_is_open_and_what_ended_in_the_last_day(self) -> None:
        found = [
            incident("open"),
            incident("over", resolved_at=NOON - 23 * HOUR),
            incident("long over", resolved_at=NOON - 25 * HOUR),
            incident("of others", owner="data-platform"),
        ]
        route = self.DAILY.model_copy(update={"owners": ("fleet-ops",)})
        known = {(one.id, "on-call"): told("opened", "resolved") for one in found}
        (post,) = outbox(found, [route], known, NOON, UTC)
        assert [one.id for one in post.incidents] == ["open", "over"]


@given(st.lists(st.sampled_from(["fails", "passes", "round", "arrives", "ack"]), max_size=40))
def test_whatever_happens_each_problem_has_one_opening_and_at_most_one_end(events: list[str]) -> None:
    """Rounds come at any time, and only some messages arrive."""
    now, known, found = NOON, list[Told](), incident()
    for event in events:
        now += HOUR
        if event == "passes" and found.is_open:
            found = replace(found, resolved_at=now)
        elif event == "fails" and found.is_open:
            found = replace(found, failures=found.failures + 1, last_failed_at=now)
        elif event == "ack":
            found = replace(found, acknowledged_at=now)
        elif event == "arrives":
            known += [Told(news, found.severity, now) for news in owed(found, known, now=now)]
    news = [one.news for one in known]
    assert news.count("opened") <= 1
    assert news.count("resolved") <= 1
    assert news[:1] in ([], ["opened"])
    assert "resolved" not in news[:-1]
