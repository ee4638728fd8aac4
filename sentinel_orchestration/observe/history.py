"""The file that the history is kept in. Nobody keeps it open: every use of it is short, and waits for the one before."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from sentinel_orchestration.checks.volume import MODIFIED_Z
from sentinel_orchestration.layout import Layout
from sentinel_orchestration.lock import locked
from sentinel_orchestration.resources import WarehouseResource
from sentinel_orchestration.warehouse.state import damage

SCHEMA = "".join(
    (Path(__file__).parent / name).read_text(encoding="utf-8") for name in ("schema.sql", "slos.sql", "anomalies.sql")
)
VERSION = 4  # of the schema
AT_ONCE = 500  # rows in a statement: one statement per row takes a millisecond each
Row = tuple[Any, ...]


class History:
    """The history of one home."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.path = layout.history

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection, one at a time among all processes; an exception undoes what was done with it.

        A file that is damaged, or of another version, is set aside, and the history is read again from Dagster's event log.
        Raises duckdb.Error where the file cannot be opened for another reason, such as its permissions.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with locked(self.path.with_suffix(".lock")):
            if damage(self.path) or not self._is_ours():
                self._set_aside()
            with WarehouseResource(database=str(self.path)).transaction() as connection:
                if not _tables(connection):
                    connection.execute(MODIFIED_Z + SCHEMA)
                    connection.execute("insert into meta (version) values (?)", [VERSION])
                    connection.execute(
                        "commit; begin"
                    )  # a transaction writes to one file, and the caller's may be another
                yield connection

    def _is_ours(self) -> bool:
        if not self.path.exists():
            return True
        with duckdb.connect(str(self.path), read_only=True) as connection:
            found = _tables(connection)
            return not found or ("meta" in found and _one(connection, "select version from meta") == VERSION)

    def _set_aside(self) -> None:
        """Keeps the old file: what was acknowledged, and who was told, is only in there."""
        log = self.path.with_name(f"{self.path.name}.wal")
        for path in (self.path, log):
            if path.exists():
                path.rename(path.with_name(f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{path.name}"))


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Row], seq: bool = True) -> None:
    """Adds rows of all columns but `seq`, which is counted on in their order. Rows that are there already are left alone."""
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        marks = [*("?" for _ in some[0]), *(["nextval('seq')"] if seq else [])]
        one = f"({', '.join(marks)})"
        values = [value for row in some for value in row]
        connection.execute(f"insert or ignore into {table} values {', '.join([one] * len(some))}", values)


def fill(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Sequence[Row]]) -> None:
    """Replaces all rows of tables that have no `seq`."""
    for table, rows in tables.items():
        connection.execute(f"delete from {table}")
        insert(connection, table, rows, seq=False)


def _tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row else None
