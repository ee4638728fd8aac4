"""What an SLO counts, and that one that burns is an incident until it no longer does."""

from __future__ import annotations

from datetime import timedelta

import duckdb
import pytest

from sentinel_orchestration.observe.slos import burning
from tests.observe.graph import Runs
from tests.observe.promises import NOW, add_runs, promised

MINUTE = timedelta(minutes=1)
HALF = """
slos:
  - {name: builds, description: Every other one., measures: success, of: build, objective: 0.5, min_events: 3, owner: ops}
"""
INCIDENTS = """
    select problem, kind, severity, owner, resolved_at is not null, detail
    from incidents where kind in ('error-budget', 'slos-unreadable') order by opened_at
"""
FRESHNESS = """
    insert into check_results (run_id, event_id, asset, check_name, evaluated_at, status, metadata)
    values ('a', 1, 'silver/telemetry', 'freshness', $at, 'passed', '{"age_hours": 1.0}'),
        ('a', 2, 'silver/telemetry', 'freshness', $at, 'passed', '{"age_hours": 5.0}'),
        ('a', 3, 'silver/telemetry', 'freshness', $at, 'warned', '{"age_hours": 7.0}'),
        ('a', 4, 'silver/telemetry', 'freshness', $at, 'failed', '{}'),
        ('a', 5, 'silver/telemetry', 'freshness', $at, 'skipped', '{}'),
        ('a', 6, 'silver/detections', 'freshness', $at, 'failed', '{"age_hours": 30.0}')
"""
QUARANTINE = """
    insert into check_results (run_id, event_id, asset, check_name, evaluated_at, status, metadata)
    values ('a', 1, 'silver/sites', 'quarantine_rate', $at, 'passed', '{"share": 0.001, "limit_share": 0.02}'),
        ('a', 2, 'silver/sites', 'quarantine_rate', $at, 'passed', '{"share": 0.015, "limit_share": 0.02}'),
        ('a', 3, 'silver/sites', 'quarantine_rate', $at, 'failed', '{"share": 0.03, "limit_share": 0.02}'),
        ('a', 4, 'silver/sites', 'quarantine_rate', $at, 'skipped', '{}')
"""
RUNS = """
    insert into runs (run_id, job, created_at, started_at, ended_at, status)
    values ('a', 'build', $at - interval 10 minute, $at - interval 1 minute, $at, 'succeeded'),
        ('b', 'build', $at - interval 30 second, $at - interval 1 second, $at, 'succeeded'),
        ('c', 'build', $at - interval 1 hour, $at - interval 1 hour, $at, 'failed'),
        ('d', 'build', $at, $at, $at, 'canceled'), ('e', 'build', $at, $at, null, 'running'),
        ('f', 'rollback', $at, $at, $at, 'failed')
"""
STEPS = """
    insert into steps (run_id, event_id, step, started_at, ended_at, status)
    values ('a', 1, 'silver__telemetry', $at - interval 50 second, $at, 'succeeded'),
        ('a', 2, 'silver__telemetry', $at - interval 70 second, $at, 'succeeded'),
        ('a', 3, 'silver__telemetry', $at - interval 70 second, $at, 'failed'),
        ('a', 4, 'silver__sites', $at - interval 70 second, $at, 'succeeded')
"""
ALERTS = """
    insert into incidents (incident_id, problem, began_at, opened_at)
    values ('a', 'check towers keys', $at - interval 10 minute, $at - interval 1 minute),
        ('b', 'check towers volume', $at - interval 70 minute, $at - interval 5 minute), ('c', 'run build', $at, $at);
    insert into posts (incident_id, route, posted_at)
    values ('a', 'mail', $at), ('a', 'chat', $at - interval 30 second), ('a', 'mail', $at + interval 1 day),
        ('b', 'mail', $at)
"""


def _insert(connection: duckdb.DuckDBPyConnection, statements: str) -> None:
    for statement in statements.split(";"):
        connection.execute(statement, {"at": NOW - MINUTE})


@pytest.mark.parametrize(
    ("rows", "slo", "good", "bad"),
    [
        (FRESHNESS, {"measures": "freshness"}, 2, 3),
        (FRESHNESS, {"measures": "freshness", "of": "silver/tele*"}, 2, 2),
        (FRESHNESS, {"measures": "freshness", "of": "silver/telemetry", "limit_hours": 2}, 1, 3),
        (QUARANTINE, {"measures": "quarantine"}, 2, 1),
        (QUARANTINE, {"measures": "quarantine", "limit_share": 0.01}, 1, 2),
        (RUNS, {"measures": "success", "of": "build*"}, 2, 1),
        (RUNS, {"measures": "run_duration", "of": "build*", "limit_sec": 60}, 1, 1),
        (STEPS, {"measures": "step_duration", "of": "silver/telemetry", "limit_sec": 60}, 1, 1),
        (ALERTS, {"measures": "detection", "limit_sec": 600}, 2, 1),
        (ALERTS, {"measures": "alert", "of": "check *", "limit_sec": 120}, 1, 1),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)  # fmt: skip
def test_it_counts_what_it_names(rows: str, slo: dict[str, object], good: int, bad: int) -> None:
    connection = promised(**slo)
    _insert(connection, rows)
    counts = connection.execute(
        "select count(*) filter (is_good), count(*) filter (not is_good) from slo_events"
    ).fetchone()
    assert counts == (good, bad)


def test_what_burns_says_how_fast_and_how_long_the_budget_lasts() -> None:
    connection = promised(min_events=3, owner="ops")
    old = [(NOW - timedelta(days=number % 20 + 5), True) for number in range(200)]
    add_runs(connection, [*old, *((NOW - number * 10 * MINUTE, number % 2 == 1) for number in range(6))])
    (trouble,) = burning(connection, NOW)
    assert (trouble.problem, trouble.subject, trouble.severity, trouble.owner) == (
        "slo builds",
        "builds",
        "error",
        "ops",
    )
    assert trouble.detail == (
        "3 of 6 runs of the last 6 hours were bad: 10.0 times what the objective of 95% over 30 days allows. "
        "71% of the error budget is left; at this rate it is gone in 2 days. Promised: A build succeeds."
    )


def test_an_slo_of_severity_warn_pages_nobody() -> None:
    connection = promised(severity="warn")
    add_runs(connection, [(NOW - number * MINUTE, False) for number in range(5)])
    (trouble,) = burning(connection, NOW)
    assert trouble.severity == "warn"
    assert trouble.detail.startswith("5 of 5 runs of the last hour were bad: 20.0 times")
    assert "The error budget is spent." in trouble.detail


def test_it_is_an_incident_from_when_it_burns_until_it_no_longer_does(runs: Runs) -> None:
    runs.history.layout.slos.write_text(HALF)
    for _ in range(2):
        runs.run("keys")
    runs.record()
    assert runs.rows(INCIDENTS) == []
    runs.run("keys")
    runs.record()
    runs.record()
    (burns,) = runs.rows(INCIDENTS)
    assert burns[:5] == ("slo builds", "error-budget", "warn", "ops", False)
    assert str(burns[5]).startswith("3 of 3 runs of the last 3 days were bad: 2.0 times what the objective of 50%")
    for _ in range(3):
        runs.run()
    runs.record()
    assert [row[4] for row in runs.rows(INCIDENTS)] == [True]
    assert runs.rows("select slo, events, verdict from slo_status") == [("builds", 6, "spent")]


def test_a_file_that_cannot_be_used_is_an_incident_and_hides_no_other(runs: Runs) -> None:
    path = runs.history.layout.slos
    path.write_text(HALF)
    for _ in range(3):
        runs.run("keys")
    runs.record()
    path.write_text(HALF.replace("0.5", "50"))
    runs.run("volume")
    runs.record()
    shown = {str(row[0]): row for row in runs.rows(INCIDENTS)}
    assert shown["slos.yaml"][2] == "error"
    assert "slos.1.objective: Input should be less than 1." in str(shown["slos.yaml"][5])
    assert not shown["slo builds"][4]
    assert runs.rows("select count(*) from incidents where problem = 'check towers volume'") == [(1,)]
    path.write_text("slos: []\n")
    runs.record()
    assert all(row[4] for row in runs.rows(INCIDENTS))
