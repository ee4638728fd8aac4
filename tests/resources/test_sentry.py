"""Failures reach a Sentry once each, without rows; and nobody where no DSN is set."""

import gzip
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import dagster as dg
import pytest

from sentinel_orchestration.automation.dead_runs import close_dead_runs
from sentinel_orchestration.revision import git_revision
from sentinel_orchestration.settings import PROJECT_DIR, Settings
from tests.cli.commands import run_sentinel
from tests.resources.failing import VALUE, fail_as_a_library, fail_as_ours, fail_on_purpose, run_step, talk
from tests.resources.test_run_log import lines

UNPACK = {"gzip": gzip.decompress, "": bytes}


class Sentry:
    """Takes envelopes as Sentry does: a line of headers, then a line of headers and a payload per item."""

    def __init__(self) -> None:
        self.items: list[tuple[str, dict[str, Any]]] = []
        self.paths: list[str] = []
        taker = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                parts = UNPACK[self.headers.get("Content-Encoding", "")](body).split(b"\n")[1:]
                taker.paths.append(self.path)
                taker.items += [
                    (json.loads(head)["type"], json.loads(payload))
                    for head, payload in zip(parts[::2], parts[1::2], strict=False)
                    if head
                ]
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def dsn(self) -> str:
        """What SENTRY_DSN is to be."""
        return f"http://somebody@127.0.0.1:{self.server.server_port}/7"


@pytest.fixture
def sentry() -> Iterator[Sentry]:
    """A Sentry on this machine."""
    running = Sentry()
    yield running
    running.server.shutdown()
    running.server.server_close()


@pytest.mark.parametrize(
    ("work", "kind", "value"),
    [
        (fail_as_a_library, "ValueError", ""),
        (fail_as_ours, "SourceError", "Rows of '…' have no time"),
        (fail_on_purpose, "Failure", "Nothing was released; the last good release stays"),
    ],
)
def test_a_failed_run_is_one_event(
    settings: Settings, sentry: Sentry, monkeypatch: pytest.MonkeyPatch, work: Any, kind: str, value: str
) -> None:
    monkeypatch.setenv("SENTRY_DSN", sentry.dsn)
    monkeypatch.setenv("SENTRY_ENVIRONMENT", "staging")
    result = run_step(settings, work)
    assert sentry.paths == ["/api/7/envelope/"]
    [(item, event)] = sentry.items
    assert item == "event"
    [error] = event["exception"]["values"]
    assert (error["type"], error.get("value") or "") == (kind, value)
    assert event["tags"] == {
        "run_id": result.run_id,
        "job": "small",
        "command": "sentinel build",
        "step": "silver__towers",
        "asset": "silver/towers",
    }
    assert event["release"] == f"sentinel@{git_revision(PROJECT_DIR)}"
    assert event["environment"] == "staging"
    assert not {"user", "request", "breadcrumbs", "extra", "modules"} & {name for name, part in event.items() if part}
    assert [frame["function"] for frame in error["stacktrace"]["frames"]][-2:] == ["towers", work.__name__]
    assert "vars" not in json.dumps(event)
    assert VALUE not in json.dumps(event)


def test_a_run_that_is_well_is_no_event(settings: Settings, sentry: Sentry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_DSN", sentry.dsn)
    assert run_step(settings, talk).success
    assert sentry.paths == []


def test_a_command_that_fails_is_one_event(settings: Settings, sentry: Sentry) -> None:
    (settings.home / "sources.yaml").unlink()
    towers = settings.layout.inbox / "towers" / "towers.csv"
    towers.parent.mkdir(parents=True)
    towers.write_text(f"tower_id\n{VALUE}\n")
    done = run_sentinel(settings.home, "build", "--no-report", SENTRY_DSN=sentry.dsn)
    assert done.returncode == 1, done.stderr
    [(_, event)] = sentry.items
    assert event["tags"]["command"] == "sentinel build"
    assert event["tags"]["asset"] == "bronze/towers"
    assert event["tags"]["run_id"] in {line["run_id"] for line in lines(settings)}
    assert VALUE not in json.dumps(event)


def test_a_run_that_was_killed_is_one_event(
    settings: Settings, sentry: Sentry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTRY_DSN", sentry.dsn)
    lock = settings.layout.run_lock("killed")
    lock.parent.mkdir(parents=True)
    lock.touch()
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_run(dg.DagsterRun("build", run_id="killed", status=dg.DagsterRunStatus.STARTED))
        for _ in range(2):
            close_dead_runs(instance, settings.layout)
    [(_, event)] = sentry.items
    assert event["tags"] == {"run_id": "killed", "job": "build"}
    assert event["exception"]["values"][0]["type"] == "KilledError"
    assert [line["event"] for line in lines(settings)] == ["RUN_FAILURE"]


def test_a_command_that_crashes_is_one_event(sentry: Sentry) -> None:
    program = f"""
import importlib, sys
def crash(*_): raise KeyError("{VALUE}")
importlib.import_module("sentinel_orchestration.cli.rejudge").rejudge_command = crash
from sentinel_orchestration.cli import app
sys.argv[:] = ["sentinel", "rejudge", "towers", "--reason", "none"]
app()
"""
    environment = os.environ | {"SENTRY_DSN": sentry.dsn}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert "KeyError" in done.stderr
    [(_, event)] = sentry.items
    assert event["tags"] == {"command": "sentinel rejudge"}
    assert VALUE not in json.dumps(event)


def test_without_a_dsn_nobody_is_asked_and_nothing_is_imported(settings: Settings) -> None:
    program = """
import socket, sys
from pathlib import Path
def refuse(*_): raise AssertionError("a connection")
socket.socket.connect = socket.socket.connect_ex = refuse
from sentinel_orchestration.settings import Settings
from tests.resources.failing import fail_as_ours, run_step
assert not run_step(Settings(home=Path(sys.argv[1])), fail_as_ours).success
assert "sentry_sdk" not in sys.modules
"""
    environment = os.environ | {"PYTHONPATH": str(PROJECT_DIR), "SENTRY_DSN": ""}
    command = [sys.executable, "-c", program, str(settings.home)]
    done = subprocess.run(command, env=environment, cwd=PROJECT_DIR, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert next(line["message"] for line in lines(settings) if line["level"] == "error").startswith("step failure")


def test_help_does_not_wait_for_sentry() -> None:
    program = "import sys; from sentinel_orchestration.cli import app; assert 'sentry_sdk' not in sys.modules"
    subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"SENTRY_DSN": "http://a@127.0.0.1:9/1"}, check=True
    )


@pytest.mark.parametrize("dsn", ["not a dsn", "http://127.0.0.1/1"])
def test_a_dsn_that_is_none_is_in_the_log(settings: Settings, monkeypatch: pytest.MonkeyPatch, dsn: str) -> None:
    monkeypatch.setenv("SENTRY_DSN", dsn)
    assert not run_step(settings, fail_as_ours).success
    warned = [line["message"] for line in lines(settings) if line["level"] == "warning"]
    assert warned == ["SENTRY_DSN is not the address of a Sentry project, so no failure is reported."]


def test_a_sentry_that_does_not_answer_stops_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("SENTRY_DSN", f"http://somebody@127.0.0.1:{silent.getsockname()[1]}/7")
        started = time.monotonic()
        assert not run_step(settings, fail_as_ours).success
        assert time.monotonic() - started < 20
