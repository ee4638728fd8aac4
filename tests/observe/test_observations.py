"""A problem leaves a row when it begins, gets worse or better, and ends; none while it stays as it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sentinel_orchestration.observe.observations import Trouble, note
from tests.observe.graph import Runs

FULL = Trouble("disk full", "machine", "disk", None, "1 GB left.", "warn", owner="data-platform")
NOON, MINUTE = datetime(2026, 11, 2, 12), timedelta(minutes=1)
KEPT = "select problem, observed_at, is_bad, severity from observations order by seq"


def _noted(runs: Runs, *rounds: list[Trouble]) -> list[tuple[object, ...]]:
    for number, troubles in enumerate(rounds):
        with runs.history.transaction() as connection:
            note(connection, ["machine"], troubles, NOON + number * MINUTE)
    return runs.rows(KEPT)


def test_a_problem_that_stays_is_kept_once_and_its_end_too(runs: Runs) -> None:
    assert _noted(runs, [], [FULL], [FULL], [], []) == [
        ("disk full", NOON + MINUTE, True, "warn"),
        ("disk full", NOON + 3 * MINUTE, False, "warn"),
    ]


def test_another_severity_is_a_change_and_so_is_coming_back(runs: Runs) -> None:
    worse = replace(FULL, severity="error")
    assert [row[2:] for row in _noted(runs, [FULL], [worse], [worse], [], [FULL])] == [
        (True, "warn"),
        (True, "error"),
        (False, "error"),
        (True, "warn"),
    ]


def test_one_kind_does_not_end_the_problems_of_another(runs: Runs) -> None:
    _noted(runs, [FULL])
    with runs.history.transaction() as connection:
        note(connection, ["weather"], [], NOON + MINUTE)
    assert [row[2] for row in runs.rows(KEPT)] == [True]


def test_what_is_noted_is_an_incident_at_the_next_reading(runs: Runs) -> None:
    _noted(runs, [FULL])
    runs.record()
    opened = runs.rows("select problem, kind, owner, opened_at, resolved_at from incidents")
    assert opened == [("disk full", "machine", "data-platform", NOON, None)]
    with runs.history.transaction() as connection:
        note(connection, ["machine"], [], NOON + MINUTE)
    runs.record()
    assert runs.rows("select resolved_at from incidents") == [(NOON + MINUTE,)]
