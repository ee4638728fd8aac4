"""dbt in this process (docs/decisions/0005-dbt-in-process.md), on the working warehouse.

The stock `DbtCliResource` starts two interpreters for each call, asks the network for dbt's version, and holds results back
until they are read; this one answers in a third of the time and streams.
"""

import hashlib
import json
import logging
import os
from collections.abc import Callable, Container, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import Any

import dagster as dg

from sentinel_orchestration import internals
from sentinel_orchestration.files import write_text
from sentinel_orchestration.layout import Layout
from sentinel_orchestration.lock import locked

MANIFEST, PARSED, PARSED_FROM = "manifest.json", "partial_parse.msgpack", "parsed_from"
LOG = logging.getLogger(__name__)
LEVELS = {"info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}  # dbt's that are kept
MACRO_FAILED = {"RunningOperationCaughtError", "RunningOperationUncaughtError"}  # events: the result has no message


class DbtError(RuntimeError):
    """dbt could not do what it was asked; the message is dbt's own, first lines first."""


class DbtResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The dbt project, the home folder whose warehouse it builds, and the fixed `as_of`, if there is one (UTC, ISO 8601)."""

    project: str
    home: str
    as_of: str | None = None

    @property
    def folder(self) -> Path:
        """The dbt project: code, not data."""
        return Path(self.project)

    @property
    def target(self) -> Path:
        """Where dbt writes its logs, and what it compiled."""
        return Layout(Path(self.home)).dbt_target

    @property
    def parse_folder(self) -> Path:
        """Where dbt's manifest is: with the code, for every home; in the home where the code may not be written."""
        return (self.folder / "target" if os.access(self.folder, os.W_OK) else self.target) / "parse"

    def digest(self) -> str:
        """sha256 over every file of the project."""
        digest = hashlib.sha256()
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and path.suffix in (".sql", ".yml", ".csv") and "target" not in path.parts:
                digest.update(str(path.relative_to(self.folder)).encode())
                digest.update(path.read_bytes())
        return digest.hexdigest()

    def manifest(self) -> dict[str, Any]:
        """The manifest, parsed again where the project has changed since. Raises DbtError where it cannot be parsed."""
        mark = self.parse_folder / PARSED_FROM
        with locked(self.parse_folder / "parse.lock"):  # a server may load the graph while a build does
            if not mark.exists() or mark.read_text(encoding="utf-8") != self._parse_state():
                self.invoke(["parse"])
                write_text(mark, self._parse_state())
            manifest: dict[str, Any] = json.loads((self.parse_folder / MANIFEST).read_text(encoding="utf-8"))
        return manifest

    def parsed(self) -> Any:
        """Dbt's own manifest object, which spares a command the parsing."""
        path = self.parse_folder / PARSED  # manifest.json lacks what tests need to run
        return internals.parsed_manifest(path, path.stat().st_mtime_ns)

    def invoke(self, arguments: Sequence[str], on_event: Callable[[Any], None] | None = None) -> Any:
        """Runs a dbt command to its end and gives dbt's result object; `on_event` gets each of dbt's log events.

        Failed tests and models are in the result. Raises DbtError where dbt itself could not run, or a macro failed that
        `run-operation` was to run.
        """
        from dbt.cli.main import dbtRunner

        is_parse = arguments[0] == "parse"
        target = self.parse_folder if is_parse else self.target
        variables = {"home": str(Path(self.home).resolve())} | ({"as_of": self.as_of} if self.as_of else {})
        # What is parsed is for every home. A command need not write it again: that takes a third of a second.
        given = [] if is_parse else ["--no-write-json", "--vars", json.dumps(variables)]
        command = [
            *arguments,
            *("--project-dir", str(self.folder), "--profiles-dir", str(self.folder), "--target-path", str(target)),
            *("--log-path", str(self.target / "logs"), "--log-level", "none", "--log-level-file", "info"),
            *("--no-use-colors", "--no-version-check", "--no-send-anonymous-usage-stats"),
            *given,
        ]
        target.mkdir(parents=True, exist_ok=True)
        Layout(Path(self.home)).warehouse.parent.mkdir(parents=True, exist_ok=True)
        said: list[str] = []

        def hear(event: Any) -> None:
            if event.info.name in MACRO_FAILED:
                said.append(event.data.exc)
            _keep(event)

        callbacks = [hear, on_event] if on_event else [hear]
        runner = dbtRunner(manifest=None if is_parse else self.parsed(), callbacks=callbacks)
        try:
            outcome = runner.invoke(command)
        finally:
            internals.close_dbt_connections()
        error = outcome.exception
        if error is not None and (isinstance(error, OSError) or not isinstance(error, Exception)):
            raise error  # a full disk, Ctrl-C
        if error is not None:
            raise DbtError(f"dbt {arguments[0]} could not run: {error}") from error
        if said:
            raise DbtError(f"dbt {' '.join(arguments)} failed: {said[0]}")
        return outcome

    def start(self, arguments: Sequence[str], names: Container[str]) -> "DbtInvocation":
        """Starts a dbt command whose log events of these `names` are streamed."""
        return DbtInvocation(self, arguments, names)

    def _parse_state(self) -> str:
        """What the project was parsed from, and what came out: over a torn file it is parsed again."""
        versions = [f"{name} {metadata.version(name)}" for name in ("dbt-core", "dbt-duckdb")]
        files = [self.parse_folder / name for name in (MANIFEST, PARSED)]
        held = [hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "missing" for path in files]
        return "\n".join([self.digest(), *versions, *held])


def _keep(event: Any) -> None:
    """Logs an event of dbt's; of an error, whose text may quote a row, the result's line alone."""
    info, level = event.info, LEVELS.get(event.info.level)
    if level is None or info.name == "LogStartLine" or not info.msg.strip():  # a result follows each start
        return
    text = info.msg if level < logging.ERROR or info.name.startswith("Log") else info.name
    node = getattr(getattr(event.data, "node_info", None), "node_name", None)
    LOG.log(level, "%s", text.strip(), extra={"fields": {"event": info.name, "asset": node or None}})


class DbtInvocation:
    """A dbt command at work on a thread of its own; `outcome` is dbt's result object once `stream` has ended.

    dbt waits while the caller works on an event. Side by side they would be slower: both hold Python's lock most of the time.
    """

    def __init__(self, dbt: DbtResource, arguments: Sequence[str], names: Container[str]) -> None:
        self.outcome: Any = None
        self._error: BaseException | None = None
        self._names, self._is_heard = names, True
        self._events: SimpleQueue[Any] = SimpleQueue()
        self._taken = Semaphore(0)
        self._thread = Thread(target=self._run, args=[dbt, arguments], name="dbt", daemon=True)
        self._thread.start()

    def stream(self) -> Iterator[Any]:
        """Dbt's log events of the wanted names, as they happen. Raises like `DbtResource.invoke`.

        A caller that stops listening stops dbt: its query is cancelled, and the rows it was replacing stay.
        """
        try:
            while (event := self._events.get()) is not None:
                yield event
                self._taken.release()
        finally:
            self._is_heard = False
            while self._thread.is_alive():
                self._taken.release()
                if self.outcome is None and self._error is None:
                    internals.cancel_dbt_queries()
                self._thread.join(0.1)
        if self._error:
            raise self._error

    def _run(self, dbt: DbtResource, arguments: Sequence[str]) -> None:
        try:
            self.outcome = dbt.invoke(arguments, self._hear)
        except BaseException as error:  # raised in the caller's thread
            self._error = error
        finally:
            self._events.put(None)

    def _hear(self, event: Any) -> None:
        if self._is_heard and event.info.name in self._names:
            self._events.put(event)
            self._taken.acquire()
