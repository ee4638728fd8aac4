"""The dbt project as Sentinel uses it: its environment, its parsed manifest, and dbt run inside this process.

Belongs here: calling dbt. Does not belong here: what Dagster makes of the answers (assets).
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

from sentinel_orchestration.files import write_text
from sentinel_orchestration.lock import locked
from sentinel_orchestration.settings import Settings

MANIFEST, PARSED, PARSED_FROM = "manifest.json", "partial_parse.msgpack", "parsed_from"


class DbtError(RuntimeError):
    """dbt could not do what it was asked; the message is dbt's own, first lines first."""


class DbtProject:
    """The dbt project, with its target folder under the data folder of `settings`."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.dbt_dir
        self.target = settings.data_dir / "dbt"
        self._parse_folder = self.target / "parse"
        self._silver_dir = settings.silver_dir
        self._parsed: Any = None

    def digest(self) -> str:
        """sha256 over every file of the project: models built by other code are built anew."""
        digest = hashlib.sha256()
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and path.suffix in (".sql", ".yml", ".csv") and "target" not in path.parts:
                digest.update(str(path.relative_to(self.folder)).encode())
                digest.update(path.read_bytes())
        return digest.hexdigest()

    def manifest(self) -> dict[str, Any]:
        """The manifest, parsed anew where the project changed since. Raises DbtError where it cannot be parsed."""
        mark = self._parse_folder / PARSED_FROM
        with locked(self._parse_folder / "parse.lock"):  # a server may load the graph while a build does
            if not mark.exists() or mark.read_text(encoding="utf-8") != self._parse_state():
                self._parsed = self.invoke(["parse"], duckdb_file=self._parse_folder / "sentinel.duckdb").result
                write_text(mark, self._parse_state())
            manifest: dict[str, Any] = json.loads((self._parse_folder / MANIFEST).read_text(encoding="utf-8"))
        return manifest

    def _parse_state(self) -> str:
        """What the project was parsed from, and what came out: over a torn file it is parsed anew."""
        versions = [f"{name} {metadata.version(name)}" for name in ("dbt-core", "dbt-duckdb")]
        files = [self._parse_folder / name for name in (MANIFEST, PARSED)]
        held = [hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "missing" for path in files]
        return "\n".join([self.digest(), *versions, *held])

    def invoke(
        self,
        arguments: Sequence[str],
        duckdb_file: Path,
        variables: Mapping[str, object] | None = None,
        on_event: Callable[[Any], None] | None = None,
    ) -> Any:
        """Runs a dbt command in this process on `duckdb_file` and gives dbt's result object.

        Failed tests and models are in the result; DbtError is raised only where dbt itself could not run.
        """
        from dbt.cli.main import dbtRunner

        self.target.mkdir(parents=True, exist_ok=True)
        duckdb_file.parent.mkdir(parents=True, exist_ok=True)
        command = [
            *arguments,
            *("--project-dir", str(self.folder), "--profiles-dir", str(self.folder)),
            *("--target-path", str(self._parse_folder if arguments[0] == "parse" else self.target)),
            *("--log-path", str(self.target / "logs")),
            *("--log-level", "none", "--log-level-file", "info"),
            *("--no-use-colors", "--no-version-check", "--no-send-anonymous-usage-stats"),
        ]
        if arguments[0] != "parse":
            command.append("--no-write-json")  # the manifest again, at a third of a second a command
        if variables:
            command += ["--vars", json.dumps(variables)]
        with self._environment(duckdb_file):
            runner = dbtRunner(manifest=self._manifest_object(arguments[0]), callbacks=[on_event] if on_event else [])
            try:
                outcome = runner.invoke(command)
            finally:
                _close_connections()
        if outcome.exception is not None and not isinstance(outcome.exception, Exception):
            raise outcome.exception  # Ctrl-C
        if isinstance(outcome.exception, OSError):
            raise outcome.exception
        if outcome.exception is not None:
            raise DbtError(f"dbt {arguments[0]} could not run: {outcome.exception}") from outcome.exception
        return outcome

    def _manifest_object(self, command: str) -> Any:
        """Dbt's own manifest, so that a command need not parse again; None for the command that parses."""
        if command == "parse":
            return None
        if self._parsed is None:
            from dbt.contracts.graph.manifest import Manifest
            from dbt.parser.manifest import extended_mashumuro_decoder

            stored = (self._parse_folder / PARSED).read_bytes()  # manifest.json lacks what tests need to run
            self._parsed = Manifest.from_msgpack(stored, decoder=extended_mashumuro_decoder)
            self._parsed.build_flat_graph()  # what a macro sees as `graph`
        return self._parsed

    @contextmanager
    def _environment(self, duckdb_file: Path) -> Iterator[None]:
        """The variables profiles.yml and sources.yml read, for the time of one command."""
        wanted = {"SENTINEL_DUCKDB": str(duckdb_file), "SENTINEL_SILVER": str(self._silver_dir)}
        before = {name: os.environ.get(name) for name in wanted}
        os.environ.update(wanted)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def _close_connections() -> None:
    """dbt-duckdb keeps its connection, and with it the file's write lock, as long as the process lives."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()
