"""From the first failure of a problem to its next success: one incident, whatever is read when."""

from __future__ import annotations

import pytest

from tests.observe.graph import Runs, towers

INCIDENTS = """
    select problem, severity, failures, resolved_at is not null, domain, owner, detail from incidents order by opened_at, problem
"""
KEYS = ("check towers keys", "error")
OWNED = ("fleet", "data-platform")


def test_no_failure_is_no_incident(runs: Runs) -> None:
    runs.run()
    runs.record()
    assert runs.rows(INCIDENTS) == []


@pytest.mark.parametrize("often", [True, False], ids=["read after each run", "read at the end"])
def test_failures_in_a_row_are_one_incident_and_the_next_pass_ends_it(runs: Runs, often: bool) -> None:
    for broken in (["keys"], ["keys"], [], ["keys"]):
        runs.run(*broken)
        if often:
            runs.record()
    runs.record()
    assert runs.rows(INCIDENTS) == [
        (*KEYS, 2, True, *OWNED, "2 rows break it."),
        (*KEYS, 1, False, *OWNED, "2 rows break it."),
    ]


def test_runs_that_are_read_together_count_in_the_order_of_time(runs: Runs) -> None:
    """SQLite counts the events of each run by itself: the check of a run with fewer of them has a smaller number."""
    runs.run()
    runs.run("keys", only=towers)
    runs.record()
    assert runs.rows("select problem, resolved_at from incidents") == [("check towers keys", None)]


def test_a_step_that_fails_because_a_check_does_is_no_second_problem(runs: Runs) -> None:
    runs.run("keys")
    runs.record()
    assert [row[0] for row in runs.rows(INCIDENTS)] == ["check towers keys"]
    assert runs.rows("select step, is_consequence from steps where status = 'failed'") == [("towers", True)]


def test_a_step_that_fails_by_itself_is_one_and_no_value_is_in_its_words(runs: Runs) -> None:
    runs.run("towers")
    runs.record()
    assert runs.rows(INCIDENTS) == [("step towers", "error", 1, False, *OWNED, "ValueError")]
    runs.run()
    runs.record()
    assert [row[3] for row in runs.rows(INCIDENTS)] == [True]


def test_a_warning_is_less_than_an_error_and_both_have_their_own_incident(runs: Runs) -> None:
    runs.run("keys", "volume")
    runs.record()
    assert [row[:2] for row in runs.rows(INCIDENTS)] == [KEYS, ("check towers volume", "warn")]


def test_a_run_that_ends_without_a_failed_step_is_a_problem_of_its_job(runs: Runs) -> None:
    run_id = runs.run()
    run = runs.instance.get_run_by_id(run_id)
    assert run
    killed = runs.instance.create_run_for_job(runs.definitions.resolve_job_def("build"))
    runs.instance.report_run_failed(killed, "its process was killed")
    runs.record()
    assert [row[:4] for row in runs.rows(INCIDENTS)] == [("run build", "error", 1, False)]
    runs.run()
    runs.record()
    assert [row[3] for row in runs.rows(INCIDENTS)] == [True]


def test_a_check_that_is_gone_leaves_no_incident_open(runs: Runs) -> None:
    from tests.observe.graph import report

    runs.run("keys")
    runs.record()
    runs.definitions = type(runs.definitions)(assets=[report])
    runs.record()
    assert [row[3] for row in runs.rows(INCIDENTS)] == [True]


def test_reading_again_changes_nothing(runs: Runs) -> None:
    runs.run("keys")
    runs.record()
    before = runs.rows("from incidents"), runs.rows("from check_results"), runs.rows("from runs")
    runs.record()
    assert (runs.rows("from incidents"), runs.rows("from check_results"), runs.rows("from runs")) == before
