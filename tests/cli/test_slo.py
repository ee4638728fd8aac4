"""`sentinel slo`: the table of the error budgets, and what to do next."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Built
from sentinel_orchestration.cli.slo import slo_command
from sentinel_orchestration.layout import Layout
from tests.cli.commands import run_sentinel

OVER = """
slos:
  - {name: in-no-time, description: It is quick., measures: run_duration, of: build*, limit_sec: 0.001, objective: 0.95}
  - {name: builds-succeed, description: A build ends with a release., measures: success, of: build*, objective: 0.95}
  - {name: rollbacks, description: A rollback succeeds., measures: success, of: rollback, objective: 0.99}
"""


@pytest.fixture
def home(small_build: Callable[[], Built], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home where one build was made."""
    home = small_build().settings.home
    monkeypatch.setenv("SENTINEL_HOME", str(home))
    return home


def test_what_burns_comes_first_and_in_words(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Layout(home).slos.write_text(OVER)
    assert slo_command() == 0
    heading, *rows, rest = capsys.readouterr().out.split("\n", 4)
    assert re.split("  +", heading.strip()) == [
        *("slo", "objective", "days", "events", "budget left"),
        *("burn 1 h", "6 h", "3 d", "verdict"),
    ]
    assert [re.split("  +", row.strip()) for row in rows] == [
        ["in-no-time", "95%", "28", "1", "-1900%", "20.0×", "20.0×", "20.0×", "✗ burning fast"],
        ["builds-succeed", "95%", "28", "1", "100%", "0.0×", "0.0×", "0.0×", "kept"],
        ["rollbacks", "99%", "28", "0", "–", "–", "–", "–", "no events"],
    ]
    assert "✗ in-no-time: 1 of 1 runs of the last hour were bad: 20.0 times what the objective of 95% over" in rest
    assert "Next: docs/runbooks/error-budget.md says how to find the cause." in rest


def test_what_sentinel_promises_itself_is_kept_after_a_build(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert slo_command() == 0
    said = capsys.readouterr().out
    assert "clean-feeds" in said
    assert "burning" not in said
    assert "No error budget burns. Nothing to do." in said


def test_a_home_without_runs_and_a_wrong_file_are_clear_errors(tmp_path: Path) -> None:
    done = run_sentinel(tmp_path, "slo")
    assert (done.returncode, done.stderr) == (2, "sentinel: Nothing has run here yet: run `sentinel build` first.\n")
    Layout(tmp_path).slos.write_text("slos: [{name: a}]")
    done = run_sentinel(tmp_path, "slo")
    assert done.returncode == 2
    assert "slos.yaml: slos.1.description: Field required." in done.stderr
