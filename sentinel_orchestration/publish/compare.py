"""Two releases side by side, table by table: by content hash, and where these differ by rows."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import duckdb

from sentinel_orchestration.layout import WAREHOUSE_FILE
from sentinel_orchestration.publish.content import release_contents
from sentinel_orchestration.publish.manifest import TableEntry, read_manifest

Finding = Literal["same", "differs", "changed since it was published", "only published", "only rebuilt"]


@dataclass(frozen=True)
class ComparedTable:
    """A table: its hash as the manifest has it, as the published file has it, and as rebuilt.

    `only_published` and `only_rebuilt` count rows without an equal on the other side; None where that was not counted.
    """

    name: str
    rows: int
    recorded: str | None
    held: str | None
    rebuilt: str | None
    only_published: int | None = None
    only_rebuilt: int | None = None

    @property
    def finding(self) -> Finding:
        """What the three hashes say together."""
        if self.recorded != self.held:
            return "changed since it was published"
        if self.rebuilt is None:
            return "only published"
        if self.held is None:
            return "only rebuilt"
        return "same" if self.rebuilt == self.held else "differs"


def compare_releases(published: Path, rebuilt: Path) -> list[ComparedTable]:
    """Every table that one of two releases (folders with DuckDB file and manifest) has, by name; not the schema ops.

    Only the folder `rebuilt` is written to, for the time this takes.
    """
    recorded, came = _tables(published), _tables(rebuilt)
    with duckdb.connect(str(published / WAREHOUSE_FILE), read_only=True) as connection:
        held = {content.name: content for content in release_contents(connection, scratch=rebuilt)}
    compared = []
    for name in sorted({*recorded, *held, *came}):
        table = ComparedTable(
            name=name,
            rows=held[name].rows if name in held else (recorded.get(name) or came[name]).rows,
            recorded=recorded[name].sha256 if name in recorded else None,
            held=held[name].sha256 if name in held else None,
            rebuilt=came[name].sha256 if name in came else None,
        )
        if table.held and table.rebuilt and table.held != table.rebuilt:
            ours, theirs = _rows_apart(published / WAREHOUSE_FILE, rebuilt / WAREHOUSE_FILE, name)
            table = replace(table, only_published=ours, only_rebuilt=theirs)
        compared.append(table)
    return compared


def _tables(release: Path) -> dict[str, TableEntry]:
    manifest = read_manifest(release)
    return {name: t for name, t in manifest.tables.items() if not name.startswith("ops.")} if manifest else {}


def _rows_apart(published: Path, rebuilt: Path, name: str) -> tuple[int | None, int | None]:
    """How many rows only the one and only the other file has; (None, None) where the columns differ."""
    with duckdb.connect() as connection:
        for alias, file in (("published", published), ("rebuilt", rebuilt)):
            quoted = str(file).replace("'", "''")
            connection.execute(f"attach '{quoted}' as {alias} (read_only)")
        counts = []
        for one, other in (("published", "rebuilt"), ("rebuilt", "published")):
            schema, _, table = name.partition(".")
            rows = f'from {one}."{schema}"."{table}" except all from {other}."{schema}"."{table}"'
            try:
                found = connection.execute(f"select count(*) from ({rows})").fetchone()
            except duckdb.BinderException:
                return None, None
            counts.append(found[0] if found else 0)
    return counts[0], counts[1]
