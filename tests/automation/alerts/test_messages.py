"""The words of a message: what, since when, how bad, some rows, whose it is, where to look and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_orchestration.automation.alerts.messages import Message, Writer, lasting
from sentinel_orchestration.automation.alerts.outbox import News, Post
from sentinel_orchestration.automation.alerts.routes import Route
from sentinel_orchestration.observe.incidents import Incident
from tests.automation.alerts.made import NOON, incident

WRITER = Writer("https://dagster.example.org", "https://docs.example.org", ZoneInfo("Europe/Berlin"), NOON)
QUARANTINED = {
    "subject": "silver/detections",
    "check_name": "quarantine_rate",
    "domain": "detections",
    "owner": "detection-analytics",
    "detail": "40 of 400 rows (10.00%); the limit is 2.0%.\n"
    "detections: 40 of 400 rows: `target_class` is 'uas'; allowed: human, vehicle, UAS, unknown.\n"
    "The rows: sentinel quarantine detections",
    "rule": "At most 2.0% of the received rows are quarantined.",
    "sample": (
        {"broken": "target_class.allowed", "file": "new.csv", "range_m": None, "row": 3, "target_class": "uas"},
    ),
}


def written(news: News, *incidents: Incident) -> Message:
    return WRITER.message(Post(Route(name="r", url="R"), news, incidents))


def many_checks(number: int) -> dg.Definitions:
    """An asset with so many checks, all of which fail."""
    names = [f"check_{n}" for n in range(number)]

    @dg.asset(check_specs=[dg.AssetCheckSpec(name, asset="things") for name in names])
    def things() -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        yield dg.MaterializeResult()
        for name in names:
            yield dg.AssetCheckResult(check_name=name, passed=False)

    broken = dg.ResourceDefinition.mock_resource()
    return dg.Definitions(assets=[things], jobs=[dg.define_asset_job("build")], resources={"broken": broken})


def test_a_failed_check() -> None:
    assert written(News.OPENED, incident(**QUARANTINED)) == Message(
        "ERROR silver/detections: too many rows are quarantined",
        """\
40 of 400 rows (10.00%); the limit is 2.0%.
detections: 40 of 400 rows: `target_class` is 'uas'; allowed: human, vehicle, UAS, unknown.
The rows: sentinel quarantine detections
The rule: At most 2.0% of the received rows are quarantined.

Since Sun 29 Nov, 12:00 CET, 1 h ago.
An error: nothing is released until it is fixed.

Rows that fail:
- file new.csv, row 3, range_m empty, target_class uas, broken target_class.allowed

Owner: detection-analytics, domain detections
See: https://dagster.example.org/assets/silver/detections?view=checks
What to do: https://docs.example.org/runbooks/quarantine-over-limit.md
No more reminders: sentinel ack 1a2b3c4d""",
        "failure",
    )


def test_its_end() -> None:
    over = incident(**QUARANTINED, failures=3, resolved_at=NOON + timedelta(minutes=20))
    assert written(News.RESOLVED, over) == Message(
        "RESOLVED silver/detections: too many rows are quarantined",
        """\
It lasted 1 h 20 min, from Sun 29 Nov, 12:00 CET to Sun 29 Nov, 13:20 CET.
It failed 3 times.
Owner: detection-analytics, domain detections
See: https://dagster.example.org/assets/silver/detections?view=checks""",
        "success",
    )


def test_a_digest() -> None:
    stale = incident("2b3c4d5e", check_name="freshness", subject="silver/telemetry", severity="warn", failures=12)
    known = incident(acknowledged_at=NOON, acknowledged_by="ada")
    over = incident("3c4d5e6f", kind="step", subject="published__report", resolved_at=NOON)
    message = written(News.DIGEST, known, stale, over)
    assert message == Message(
        "Daily digest: 1 error and 1 warning open",
        """\
- ERROR silver/towers: the check rows_reconcile failed: since Sun 29 Nov, 12:00 CET, acknowledged by ada (fleet-ops, 1a2b3c4d)
- WARNING silver/telemetry: no new data: since Sun 29 Nov, 12:00 CET, 12 failures (fleet-ops, 2b3c4d5e)

Resolved in the last 24 hours:
- ERROR published/report: the step failed: from Sun 29 Nov, 12:00 CET, for 1 h (fleet-ops, 3c4d5e6f)

All runs and checks: https://dagster.example.org""",
        "info",
    )


@pytest.mark.parametrize(
    ("about", "title", "place"),
    [
        ({"kind": "step", "subject": "dbt_models"}, "ERROR dbt models: the step failed", "/runs/c4db9360"),
        ({"kind": "run", "subject": "build"}, "ERROR build: the run died", "/runs/c4db9360"),
        (
            {"kind": "run-not-finished", "subject": "build", "problem": "unfinished 77aa", "run_id": None},
            "ERROR build: the run does not end",
            "/runs/77aa",
        ),
        ({"kind": "tick-failed", "subject": "inbox"}, "ERROR inbox: its ticks fail", "/automation"),
        (
            {"kind": "automation-dead", "subject": "Dagster daemon"},
            "ERROR Dagster daemon: stands still",
            "/deployment/daemons",
        ),
        (
            {"kind": "release-overdue", "subject": "published/warehouse"},
            "ERROR published/warehouse: no new release",
            "/assets/published/warehouse",
        ),
        ({"kind": "of tomorrow", "subject": "x"}, "ERROR x: something is wrong", ""),
    ],
)
def test_each_kind_says_what_it_is_about_and_where_to_look(about: dict[str, object], title: str, place: str) -> None:
    message = written(News.OPENED, incident(**about, check_kind=None, rule=None, check_name=None))
    assert message.title == title
    assert f"See: https://dagster.example.org{place}" in message.body


def test_what_is_no_check_and_has_no_detail_says_what_is_known() -> None:
    body = written(News.OPENED, incident(kind="run", subject="build", detail=None, rule=None, is_blocking=False)).body
    assert body.startswith("No step failed: the process of the run was killed, or never started.\n")


def test_words_of_dbt_are_masked_and_long_ones_cut() -> None:
    words = "Conversion Error: Could not convert string 'Jane Doe' to INT32 " + "x" * 5000
    body = written(News.OPENED, incident(check_kind="dbt test", detail=words)).body
    assert "Jane Doe" not in body
    assert len(body) < 1500


@given(st.text(), st.text())
def test_no_control_character_leaves_the_house(detail: str, value: str) -> None:
    row = {"name": value}
    message = written(News.OPENED, incident(detail=detail, sample=(row,)))
    assert all(letter.isprintable() or letter == "\n" for letter in message.title + message.body)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "less than a minute"),
        (59, "59 min"),
        (60, "1 h"),
        (130, "2 h 10 min"),
        (1445, "1 day 5 min"),
        (2 * 1440 + 300, "2 days 5 h"),
    ],
)
def test_durations_in_words(minutes: int, words: str) -> None:
    assert lasting(timedelta(minutes=minutes)) == words
