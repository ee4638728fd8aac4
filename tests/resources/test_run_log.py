"""The log of runs: one id through Dagster, dbt and Python, no rows, whole lines, and no more days than wanted."""

import json
import logging
import multiprocessing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from sentinel_orchestration.resources import DbtResource
from sentinel_orchestration.resources.failure import first_sentence, masked
from sentinel_orchestration.resources.run_log import DAY_FILE, RunLog, prune
from sentinel_orchestration.settings import Settings
from tests.resources.failing import VALUE, fail_as_a_library, fail_as_ours, fail_on_purpose, run_step, talk


def lines(settings: Settings) -> list[dict[str, Any]]:
    """Every line of the log, oldest first."""
    files = sorted(settings.layout.logs.glob("*.jsonl"))
    return [json.loads(line) for path in files for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def dbt(settings: Settings, tmp_path: Path) -> DbtResource:
    """A project of a model that is well, and one that fails on a value."""
    project = tmp_path / "dbt"
    (project / "models").mkdir(parents=True)
    output = {"type": "duckdb", "path": "{{ var('home', '.') }}/data/warehouse/sentinel.duckdb", "threads": 1}
    (project / "dbt_project.yml").write_text(yaml.safe_dump({"name": "small", "version": "1.0", "profile": "small"}))
    (project / "profiles.yml").write_text(yaml.safe_dump({"small": {"target": "dev", "outputs": {"dev": output}}}))
    (project / "models" / "well.sql").write_text("{{ config(materialized='table') }} select 1 as n")
    (project / "models" / "ill.sql").write_text(f"{{{{ config(materialized='table') }}}} select '{VALUE}'::int as n")
    resource = DbtResource(project=str(project), home=str(settings.home))
    resource.manifest()
    return resource


def test_one_run_id_through_dagster_python_and_dbt(settings: Settings, dbt: DbtResource) -> None:
    result = run_step(settings, talk, dbt)
    said = lines(settings)
    of_run = {"run_id": result.run_id, "job": "small", "command": "sentinel build"}
    for line in said:
        assert of_run.items() <= line.items()
        assert {"time", "level", "logger", "message"} <= line.keys()
        assert datetime.fromisoformat(line["time"]).tzinfo == UTC
    by_logger: dict[str, list[str]] = {}
    for line in said:
        by_logger.setdefault(line["logger"], []).append(line["message"])
    assert by_logger["urllib3"] == ["a library warns of %s"]
    assert by_logger["sentinel_orchestration.tests"] == ["ours says '…'"]
    assert by_logger["dagster"][:2] == ["step start", "from the step"]
    assert by_logger["dagster"][-1] == "run success"
    models = {line["asset"]: line["level"] for line in said if line.get("event") == "LogModelResult"}
    assert models == {"well": "info", "ill": "error"}
    assert {line.get("step") for line in said[1:-1]} == {"silver__towers"}
    assert VALUE not in json.dumps(said)


@pytest.mark.parametrize(
    ("work", "message", "error"),
    [
        (fail_as_a_library, "step failure: ValueError", "ValueError"),
        (fail_as_ours, "step failure: SourceError: Rows of '…' have no time", "SourceError"),
        (fail_on_purpose, "step failure: Failure: Nothing was released; the last good release stays", "Failure"),
    ],
)
def test_a_failed_step_is_logged_without_a_row(settings: Settings, work: Any, message: str, error: str) -> None:
    assert not run_step(settings, work).success
    failed = [line for line in lines(settings) if line["level"] == "error"]
    assert [line["message"] for line in failed] == [message, "run failure"]
    assert (failed[0]["error"], failed[0]["step"]) == (error, "silver__towers")
    assert VALUE not in json.dumps(lines(settings))


def test_each_run_has_its_own_lines_and_leaves_logging_as_it_was(settings: Settings) -> None:
    package, root = logging.getLogger("sentinel_orchestration"), logging.getLogger()
    before = list(package.handlers), list(root.handlers), package.propagate
    ids = [run_step(settings, talk).run_id for _ in range(2)]
    counts = [sum(line["run_id"] == run_id for line in lines(settings)) for run_id in ids]
    assert counts[0] == counts[1] > 0
    assert (list(package.handlers), list(root.handlers), package.propagate) == before


def test_a_log_that_cannot_be_written_stops_no_run(settings: Settings) -> None:
    settings.layout.logs.write_text("a file where the folder should be")
    assert run_step(settings, talk).success


def test_old_days_are_removed(settings: Settings) -> None:
    folder, today = settings.layout.logs, datetime.now(UTC)
    folder.mkdir()
    for back in range(5):
        (folder / (today - timedelta(days=back)).strftime(DAY_FILE)).touch()
    (folder / "notes.jsonl").touch()
    prune(folder, 2)
    assert sorted(path.name for path in folder.iterdir()) == [
        (today - timedelta(days=1)).strftime(DAY_FILE),
        today.strftime(DAY_FILE),
        "notes.jsonl",
    ]


def _write_many(folder: Path, name: str) -> None:
    log = RunLog(folder, dg.DagsterRun(job_name=name, run_id=name))
    for number in range(500):
        log.handle(logging.LogRecord("sentinel_orchestration", logging.INFO, "", 0, f"{number} " * 200, None, None))


def test_processes_share_a_file(settings: Settings) -> None:
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=_write_many, args=[settings.layout.logs, name]) for name in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(line["run_id"] for line in lines(settings)) == sorted("abc" * 500)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("`status` is 'lost' (and 2 others)", "`status` is '…' (and 2 others)"),
        ("Dagster's pool \"lake\" isn't free", "Dagster's pool '…' isn't free"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_what_is_quoted_is_masked(text: str, kept: str) -> None:
    assert masked(text) == kept


def test_the_first_sentence_is_kept() -> None:
    assert first_sentence("No rows of towers were received. towers.csv: a, b") == "No rows of towers were received"
    assert first_sentence("fct_incidents: Conversion Error: TWR-1") == "fct_incidents"
    assert first_sentence("") == ""
