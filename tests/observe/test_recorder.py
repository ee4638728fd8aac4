"""The history holds what Dagster's event log does: once, whoever reads it when, and whatever becomes of its file."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from sentinel_orchestration.layout import Layout
from sentinel_orchestration.observe import recorder
from sentinel_orchestration.observe.history import History
from sentinel_orchestration.settings import PROJECT_DIR
from tests.observe.graph import QUIET, Runs, report

TABLES = {
    "runs": "run_id, job, started_by, starter, status, failed_step, error, is_read",
    "steps": "run_id, event_id, step, status, error, is_consequence",
    "materializations": "run_id, event_id, asset, partition, rows, duration_sec",
    "check_results": "run_id, event_id, asset, check_name, status, description",
    "incidents": "problem, severity, opened_at, resolved_at, failures, first_run_id, last_run_id",
}


def content(runs: Runs) -> dict[str, list[tuple[object, ...]]]:
    return {table: runs.rows(f"select {columns} from {table} order by all") for table, columns in TABLES.items()}


def test_a_run_is_there_with_its_steps_rows_and_results(runs: Runs) -> None:
    run_id = runs.run("volume", tags={"sentinel/command": "sentinel build"})
    runs.record()
    assert runs.rows("select job, started_by, starter, status, failed_step from runs") == [
        ("build", "command", "sentinel build", "succeeded", None)
    ]
    assert runs.rows("select step, status from steps order by step") == [
        ("report", "succeeded"),
        ("towers", "succeeded"),
    ]
    assert runs.rows("select asset, rows, duration_sec from materializations order by asset") == [
        ("report", None, None),
        ("towers", 60, 0.25),
    ]
    assert runs.rows("select check_name, status, is_blocking from check_results order by check_name") == [
        ("keys", "passed", True),
        ("volume", "warned", False),
    ]
    assert runs.rows("select distinct run_id from check_results") == [(run_id,)]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"dagster/schedule_name": "nightly_build"}, ("schedule", "nightly_build")),
        ({"dagster/sensor_name": "inbox"}, ("sensor", "inbox")),
        ({"dagster/backfill": "abc"}, ("backfill", "abc")),
        ({}, ("UI", None)),
    ],
)
def test_who_started_a_run(runs: Runs, tags: dict[str, str], expected: tuple[str, str | None]) -> None:
    runs.run(tags=tags)
    runs.record()
    assert runs.rows("select started_by, starter from runs") == [expected]


def test_long_histories_are_read_in_parts_and_come_out_the_same(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    for broken in (["keys"], [], ["towers"], ["volume"], []):
        runs.run(*broken)
    runs.record()
    whole = content(runs)
    runs.history.path.unlink()
    monkeypatch.setattr(recorder, "RUNS_AT_ONCE", 2)
    runs.record()
    assert content(runs) == whole


def test_runs_that_retention_deletes_meanwhile_hide_no_others(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [runs.run() for _ in range(5)]
    monkeypatch.setattr(recorder, "RUNS_AT_ONCE", 2)
    read = recorder.read_run

    def read_and_delete(instance: dg.DagsterInstance, found: dg.RunRecord, read_to: str | None) -> recorder.RunRows:
        rows = read(instance, found, read_to)
        if found.dagster_run.run_id == ids[1]:  # the last of its part
            instance.delete_run(ids[1])
        return rows

    monkeypatch.setattr(recorder, "read_run", read_and_delete)
    runs.record()
    assert {row[0] for row in runs.rows("select run_id from runs")} == {*ids}


def test_a_run_under_way_is_read_as_far_as_it_is(runs: Runs) -> None:
    job = runs.definitions.resolve_job_def("build")
    run = runs.instance.create_run_for_job(job)
    runs.record()
    assert runs.rows("select status, is_read from runs") == [("running", False)]
    runs.instance.report_run_failed(run, "killed")
    runs.record()
    assert runs.rows("select status, is_read from runs") == [("failed", True)]


def test_two_at_once_record_each_result_once(runs: Runs) -> None:
    for broken in (["keys"], [], ["volume"]):
        runs.run(*broken)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: runs.record(), range(4)))
    found = content(runs)
    runs.history.path.unlink()
    runs.record()
    assert found == content(runs)


def test_killed_at_any_moment_it_goes_on_where_it_was(runs: Runs) -> None:
    for broken in (["keys"], [], ["towers"]) * 3:
        runs.run(*broken)
    for wait_for in (0, 1, 2):
        command = [sys.executable, "-m", "tests.observe.recording", str(runs.home)]
        with subprocess.Popen(command, cwd=PROJECT_DIR, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            for _ in range(wait_for + 1):
                assert process.stdout.readline() == "recorded\n"
            process.kill()
    runs.record()
    found = content(runs)
    runs.history.path.unlink()
    runs.record()
    assert found == content(runs)


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.write_bytes(b"no database" * 1000),
        lambda path: path.write_bytes(path.read_bytes()[:5000]),
        lambda path: duckdb.connect(str(path)).execute("update meta set version = 0").close(),
        lambda path: duckdb.connect(str(path)).execute("drop table meta").close(),
    ],
    ids=["garbage", "cut off", "another version", "somebody else's"],
)
def test_a_file_that_cannot_be_used_is_set_aside_and_read_again(runs: Runs, harm) -> None:  # type: ignore[no-untyped-def]
    runs.run("keys")
    runs.record()
    before = content(runs)
    harm(runs.history.path)
    runs.record()
    assert content(runs) == before
    assert len([*runs.history.path.parent.glob("*-history.duckdb")]) == 1


def test_columns_that_come_go_and_change_are_noted(tmp_path: Path) -> None:
    def graph(*columns: dg.TableColumn) -> dg.Definitions:
        @dg.asset(metadata={"dagster/column_schema": dg.TableSchema(columns=list(columns))})
        def sites() -> None: ...

        return dg.Definitions(assets=[sites, report])

    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=QUIET) as instance:
        name, area = dg.TableColumn("name", "varchar"), dg.TableColumn("area", "double")
        for columns in (
            [name, area],
            [name, area],
            [dg.TableColumn("name", "bigint"), dg.TableColumn("env", "varchar")],
        ):
            assets = graph(*columns).resolve_asset_graph()
            recorder.record(History(Layout(tmp_path)), instance, assets)
    with History(Layout(tmp_path)).transaction() as connection:
        found = connection.execute("select asset, change from schema_changes order by change").fetchall()
    assert found == [
        ("sites", "area was removed"),
        ("sites", "env was added: varchar"),
        ("sites", "name was varchar and is bigint"),
    ]
