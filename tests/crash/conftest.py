"""Homes that are treated badly: real commands on a small fleet, killed, starved of space, damaged, run at once.

Here belong the fixtures; what must hold afterwards stands in the test files. Times are far in the past, so that how fresh
the feeds are (a check, and so part of a build's id) does not turn while the tests run.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from sentinel_orchestration.feeds.simulator import World, simulate_day

COMMANDS, READER = (Path(__file__).with_name(name) for name in ("commands.py", "reader.py"))
FLEET = {"SENTINEL_SITES": "2", "SENTINEL_TOWERS": "5", "SENTINEL_DAYS": "3", "COLUMNS": "200"}
HOURS = ("2025-03-04T09:00", "2025-03-04T10:00")  # a build as of one differs from a build as of the other
BUILD = ("build", "--no-report")
Content = tuple[str, str]  # build id, sha256 over every table


class Server:
    """The server of commands.py."""

    def __init__(self) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SENTINEL_", "DAGSTER_"))}
        self._one_at_a_time = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, COMMANDS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=kept | FLEET | {"PYTHONFAULTHANDLER": "1"},
        )

    def ask(self, **request: object) -> int | None:
        """One request, one answer."""
        with self._one_at_a_time:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """Ends it."""
        self._process.communicate(timeout=30)


@dataclass
class Run:
    """A command that was started: `status` once it ended (-9 for a killed one), `said` what it printed."""

    server: Server
    number: int
    log: Path
    status: int | None = None

    @property
    def said(self) -> str:
        return self.log.read_text()

    def wait(self, seconds: float = 180) -> "Run":
        deadline = time.monotonic() + seconds
        while self.status is None:
            self.status = self.server.ask(wait=self.number, now=True)
            if self.status is None:
                assert time.monotonic() < deadline, f"still runs\n{self.said}"
                time.sleep(0.02)
        return self


@dataclass
class Home:
    """A home folder and what to do with it."""

    server: Server
    path: Path
    hour: str = HOURS[0]
    runs: list[Run] = field(default_factory=list)

    @property
    def current(self) -> Path:
        return self.path / "data" / "published" / "current"

    def start(self, *arguments: str, kill: tuple[str, int, str, str] | None = None, **variables: str) -> Run:
        log = self.path.parent / f"{self.path.name}-{len(self.runs)}.log"
        log.touch()
        number = self.server.ask(
            home=str(self.path),
            arguments=arguments or BUILD,
            log=str(log),
            variables={"SENTINEL_AS_OF": self.hour} | variables,
            kill=kill,
        )
        self.runs.append(Run(self.server, number, log))
        return self.runs[-1]

    def build(self, **variables: str) -> Content:
        """A build that must succeed; gives its content."""
        run = self.start(**variables).wait()
        assert run.status == 0, run.said
        return self.content()

    def content(self, build: str | None = None) -> Content:
        """What must be the same of a build, by default the current one, whatever happened before."""
        folder = self.current.parent / "builds" / build if build else self.current
        manifest = json.loads((folder / "manifest.json").read_text())
        return manifest["build_id"], manifest["content_sha256"]

    def kill(self, *point: str | int) -> None:
        """A build that is killed at `point`."""
        run = self.start(kill=point).wait()
        assert run.status == -9, f"{point} was never reached\n{run.said}"

    @contextmanager
    def reading(self) -> Iterator[dict[str, list[str]]]:
        """Reads what is published all the while; afterwards the dict holds what the reader tells."""
        command = [sys.executable, READER, self.current]
        reader = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        found: dict[str, list[str]] = {}
        try:
            yield found
            found.update(json.loads(reader.communicate(timeout=60)[0]))
        finally:
            reader.kill()

    def manifest(self) -> dict[str, object]:
        return json.loads((self.current / "manifest.json").read_text())

    def leftovers(self) -> list[str]:
        """What a build must not leave behind: files, processes, runs that never end."""
        with sqlite3.connect(self.path / "data/dagster/history/runs.db") as history:
            runs = history.execute(
                "select run_id, status from runs where status not in ('SUCCESS', 'FAILURE')"
            ).fetchall()
        return [*self.stale_files(), *self.processes(), *map(str, runs)]

    def stale_files(self) -> list[str]:
        data = self.path / "data"
        found = [
            path for path in self.path.rglob("*") if path.name.endswith((".partial", ".duckdb.wal", ".duckdb.tmp"))
        ]
        found += [path for name in ("report", "verify") if (path := data / name).exists()]
        found += list((data / "build").glob("*/"))[1:]
        known = {self.manifest()["build_id"], self.manifest()["previous_build_id"]}
        found += [path for path in (data / "published" / "builds").iterdir() if path.name not in known]
        return [str(path.relative_to(self.path)) for path in found]

    def processes(self, seconds: float = 5) -> list[str]:
        """What still runs in this home (GX workers, tails of logs, npm) after so many seconds."""
        deadline = time.monotonic() + seconds
        while (
            found := [*filter(None, map(self._of_here, Path("/proc").glob("[0-9]*")))]
        ) and time.monotonic() < deadline:
            time.sleep(0.05)
        return found

    def _of_here(self, process: Path) -> str | None:
        with suppress(OSError):
            if (process / "cwd").readlink().is_relative_to(self.path):
                return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return None


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture(scope="session")
def new_home(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Home]:
    def make(name: str = "home") -> Home:
        home = Home(server, tmp_path_factory.mktemp(name) / "home")
        home.path.mkdir()
        return home

    return make


@pytest.fixture(scope="module")
def two_by_two(request: pytest.FixtureRequest, new_home: Callable[..., Home], undisturbed: "Undisturbed"):
    """The scenarios of a module that were asked for, each with a home of its own, on both cores of a small machine."""
    asked = [item.callspec.params["scenario"] for item in request.session.items if item.module is request.module]
    with ThreadPoolExecutor(2) as pool:
        yield {scenario: pool.submit(scenario, new_home(scenario.__name__), undisturbed) for scenario in asked}


@dataclass(frozen=True)
class Undisturbed:
    """Builds that nobody disturbed: their contents by hour, and the home of the first one, to be copied."""

    hours: tuple[str, ...]
    contents: list[Content]
    home: Path

    def hand_in(self, home: Home) -> Home:
        """Gives `home` the same inbox."""
        shutil.copytree(self.home / "inbox", home.path / "inbox")
        return home

    def copy_to(self, home: Home) -> Home:
        """Makes `home` a copy of the first build's."""
        shutil.copytree(self.home, home.path, symlinks=True, dirs_exist_ok=True)
        return home


@pytest.fixture(scope="session")
def undisturbed(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    place = tmp_path_factory.mktemp("undisturbed")
    home = Home(server, place / "home")
    inbox = home.path / "inbox" / "telemetry"
    inbox.mkdir(parents=True)
    _telemetry().write_parquet(inbox / "telemetry.parquet")
    contents = [home.build()]
    shutil.copytree(home.path, place / "first", symlinks=True)
    home.hour = HOURS[1]
    return Undisturbed(HOURS, [*contents, home.build()], place / "first")


def _telemetry() -> pl.DataFrame:
    """Two rows of it are broken, so that bronze, silver and quarantine all have a file to write."""
    world, until = World(seed=42, sites=2, towers=5), datetime.fromisoformat(HOURS[0])
    rows = pl.concat([simulate_day("telemetry", world, date(2025, 3, day), until) for day in (2, 3, 4)])
    return rows.with_columns(cpu_pct=pl.when(pl.int_range(pl.len()) < 2).then(500.0).otherwise("cpu_pct"))
