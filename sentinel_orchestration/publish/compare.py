"""Two builds side by side, table by table: by content hash, and where these differ by rows.

Belongs here: comparing. Does not belong here: where the second build comes from (automation.verify).
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import duckdb

from sentinel_orchestration.publish.content import table_contents
from sentinel_orchestration.warehouse.published import DATABASE_NAME

Verdict = Literal["same", "differs", "changed since it was published", "only published", "only rebuilt"]


@dataclass(frozen=True)
class ComparedTable:
    """A table of the marts: its hash as the manifest tells it, as the published file holds it, and as rebuilt.

    `only_published` and `only_rebuilt` count rows without an equal on the other side; None where that was not counted.
    """

    name: str
    rows: int
    told: str | None
    held: str | None
    rebuilt: str | None
    only_published: int | None = None
    only_rebuilt: int | None = None

    @property
    def verdict(self) -> Verdict:
        """What the three hashes say together."""
        if self.told != self.held:
            return "changed since it was published"
        if self.rebuilt is None:
            return "only published"
        if self.held is None:
            return "only rebuilt"
        return "same" if self.rebuilt == self.held else "differs"


def compare_builds(published: Path, rebuilt: Path) -> list[ComparedTable]:
    """Every table of the marts that one of two build folders (DuckDB file and manifest) has, by name.

    Only the folder `rebuilt` is written to, for the time this takes.
    """
    told, came = _tables(published), _tables(rebuilt)
    with duckdb.connect(str(published / DATABASE_NAME), read_only=True) as connection:
        held = {content.name: content for content in table_contents(connection, "marts", scratch=rebuilt)}
    compared = []
    for name in sorted({*told, *held, *came}):
        table = ComparedTable(
            name=name,
            rows=held[name].rows if name in held else (told.get(name) or came[name])["rows"],
            told=told[name]["sha256"] if name in told else None,
            held=held[name].sha256 if name in held else None,
            rebuilt=came[name]["sha256"] if name in came else None,
        )
        if table.held and table.rebuilt and table.held != table.rebuilt:
            ours, theirs = _rows_apart(published / DATABASE_NAME, rebuilt / DATABASE_NAME, name)
            table = replace(table, only_published=ours, only_rebuilt=theirs)
        compared.append(table)
    return compared


def _tables(build: Path) -> dict[str, dict[str, Any]]:
    body: dict[str, dict[str, dict[str, Any]]] = json.loads((build / "manifest.json").read_text(encoding="utf-8"))
    return body["tables"]


def _rows_apart(published: Path, rebuilt: Path, name: str) -> tuple[int | None, int | None]:
    """How many rows only the one and only the other file has; (None, None) where the columns differ."""
    with duckdb.connect() as connection:
        for alias, file in (("published", published), ("rebuilt", rebuilt)):
            quoted = str(file).replace("'", "''")
            connection.execute(f"attach '{quoted}' as {alias} (read_only)")
        counts = []
        for one, other in (("published", "rebuilt"), ("rebuilt", "published")):
            rows = f'from {one}.marts."{name}" except all from {other}.marts."{name}"'
            try:
                found = connection.execute(f"select count(*) from ({rows})").fetchone()
            except duckdb.BinderException:
                return None, None
            counts.append(found[0] if found else 0)
    return counts[0], counts[1]
