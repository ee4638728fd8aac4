"""Homes that are treated badly: real commands on a small fleet, killed, starved of space, damaged, run at once.

Times are far in the past, so that how fresh the feeds are (a check, and so part of a release's id) does not change while
the tests run.
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
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from conftest import simulate_the_rest
from sentinel_orchestration.feeds.simulator import World, simulate_day
from sentinel_orchestration.layout import Layout
from sentinel_orchestration.publish.releases import kept_releases
from sentinel_orchestration.settings import PROJECT_DIR, Settings
from tests.slim_project import VARIABLE

COMMANDS, READER = (Path(__file__).with_name(name) for name in ("commands.py", "reader.py"))
FLEET = {"SENTINEL_SITES": "2", "SENTINEL_TOWERS": "5", "SENTINEL_DAYS": "3", "COLUMNS": "200"}
HOURS = ("2025-03-04T09:00", "2025-03-04T10:00")  # a build as of one differs from a build as of the other
BUILD = ("build", "--no-report")
Content = tuple[str, str]  # release id, sha256 over every table


class Server:
    """The server of commands.py."""

    def __init__(self, project: Path) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SENTINEL_", "DAGSTER_"))}
        self._one_at_a_time = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, COMMANDS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=kept | FLEET | {"PYTHONFAULTHANDLER": "1", "PYTHONPATH": str(PROJECT_DIR), VARIABLE: str(project)},
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

    def is_alive(self) -> bool:
        if self.status is None:
            self.status = self.server.ask(wait=self.number, now=True)
        return self.status is None

    def wait(self, seconds: float = 180) -> "Run":
        deadline = time.monotonic() + seconds
        while self.is_alive():
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

    def content(self, release: str | None = None) -> Content:
        """What must be the same of a release, by default the current one, whatever happened before."""
        folder = self.current.parent / "releases" / release if release else self.current
        manifest = json.loads((folder / "manifest.json").read_text())
        return manifest["release_id"], manifest["content_sha256"]

    def kill(self, *arguments: str, at: tuple[str, int, str, str]) -> None:
        """A command that is killed there."""
        run = self.start(*arguments, kill=at).wait()
        assert run.status == -9, f"{at} was never reached\n{run.said}"

    @contextmanager
    def reading(self) -> Iterator[dict[str, list[str]]]:
        """Reads the current release all the while; afterwards the dict holds what the reader saw."""
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
        """What a build must not leave behind: files, processes, unfinished runs, places in pools."""
        return [*self.stale_files(), *self.processes(), *self.unfinished_runs(), *self.pool_places()]

    def stale_files(self) -> list[str]:
        data, published = self.path / "data", self.current.parent
        found = [path for path in self.path.rglob("*") if path.name.endswith((".partial", ".duckdb.wal", ".tmp"))]
        found += [path for name in ("report", "report-home", "verify") if (path := data / name).exists()]
        found += (data / "dagster" / "alive").glob("*")
        found += (path for path in (data / "warehouse").glob("*") if path.name != "sentinel.duckdb")
        found += (path for path in published.iterdir() if path.name not in ("current", "releases"))
        known = kept_releases(Layout(self.path), Settings.model_fields["keep_releases"].default)
        found += (path for path in (published / "releases").iterdir() if path.name not in known)
        return [str(path.relative_to(self.path)) for path in found]

    def unfinished_runs(self) -> list[str]:
        return self._history("runs.db", "select run_id from runs where status not in ('SUCCESS', 'FAILURE')")

    def pool_places(self) -> list[str]:
        """Runs that hold a place in a pool of Dagster's, or wait for one."""
        held = "select run_id from concurrency_slots where run_id is not null"
        return self._history("runs/index.db", f"{held} union all select run_id from pending_steps")

    def holds(self, pool: str, run: Run) -> bool:
        """Whether a step of `run` is at work in the pool."""
        held = "select run_id from concurrency_slots where run_id is not null and concurrency_key = ?"
        return bool({*self._history("runs/index.db", held, pool)} & {*self._run_ids(run)})

    def waits(self, pool: str, run: Run) -> bool:
        """Whether a step of `run` waits for the pool."""
        pending = "select run_id from pending_steps where concurrency_key = ?"
        return not self.holds(pool, run) and bool(
            {*self._history("runs/index.db", pending, pool)} & {*self._run_ids(run)}
        )

    def _run_ids(self, run: Run) -> list[str]:
        """Ids of the Dagster runs that the process is at work on: it holds a file of each."""
        with suppress(FileNotFoundError):
            opened = [link.readlink() for link in Path(f"/proc/{run.number}/fd").iterdir() if link.is_symlink()]
            return [path.name for path in opened if path.parent.name == "alive"]
        return []

    def _history(self, file: str, query: str, *parameters: str) -> list[str]:
        path = self.path / "data/dagster/history" / file
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as history:
            return [value for (value,) in history.execute(query, parameters)]
        return []  # not made yet

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
def server(slim_project: Path) -> Iterator[Server]:
    running = Server(slim_project)
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
    """Builds that nobody disturbed: their contents by hour, and their homes after each, to be copied."""

    hours: tuple[str, ...]
    contents: list[Content]
    homes: list[Path]

    def submit_to(self, home: Home) -> Home:
        """Gives `home` the same inbox."""
        shutil.copytree(self.homes[0] / "inbox", simulate_the_rest(home.path) / "inbox")
        return home

    def copy_to(self, home: Home, builds: int = 1) -> Home:
        """Makes `home` what it was after so many builds."""
        shutil.copytree(self.homes[builds - 1], home.path, symlinks=True, dirs_exist_ok=True)
        return home


@pytest.fixture(scope="session")
def undisturbed(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    place = tmp_path_factory.mktemp("undisturbed")
    home = Home(server, place / "home")
    inbox = simulate_the_rest(home.path) / "inbox" / "telemetry"
    inbox.mkdir(parents=True)
    _telemetry().write_parquet(inbox / "telemetry.parquet")
    contents = [home.build()]
    shutil.copytree(home.path, place / "first", symlinks=True)
    home.hour = HOURS[1]
    return Undisturbed(HOURS, [*contents, home.build()], [place / "first", home.path])


def _telemetry() -> pl.DataFrame:
    """Two rows of it are broken, so that bronze, silver and quarantine all have a file to write."""
    world, until = World(seed=42, sites=2, towers=5), datetime.fromisoformat(HOURS[0])
    rows = pl.concat([simulate_day("telemetry", world, date(2025, 3, day), until) for day in (2, 3, 4)])
    return rows.with_columns(cpu_pct=pl.when(pl.int_range(pl.len()) < 2).then(500.0).otherwise("cpu_pct"))
