"""What a DuckDB file holds, as one sha256 a table: equal hashes, equal rows, whatever their order on disk.

Belongs here: hashing and counting. Does not belong here: deciding what is published.
"""

import hashlib
from dataclasses import dataclass

import duckdb


@dataclass(frozen=True)
class TableContent:
    """Rows of a table and the sha256 of its content."""

    name: str
    rows: int
    sha256: str


def table_contents(connection: duckdb.DuckDBPyConnection, schema: str) -> list[TableContent]:
    """Every table of `schema`, by name.

    Each row becomes JSON and is hashed; the sorted hashes are hashed in 256 groups, and these together: memory stays
    bounded, and the order of rows does not matter.
    """
    names = connection.execute(
        "select table_name from information_schema.tables where table_schema = ? and table_type = 'BASE TABLE' order by 1",
        [schema],
    ).fetchall()
    return [_content(connection, schema, name) for (name,) in names]


def combined_digest(contents: list[TableContent], *more: str) -> str:
    """One sha256 over the hashes of all tables and `more`."""
    return hashlib.sha256("\n".join([*(f"{c.name} {c.sha256}" for c in contents), *more]).encode()).hexdigest()


def _content(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> TableContent:
    groups = connection.execute(f"""
        with hashed as (select sha256(to_json(t)::varchar) as row_hash from "{schema}"."{name}" as t)
        select left(row_hash, 2), count(*), sha256(string_agg(row_hash, '' order by row_hash))
        from hashed group by 1 order by 1
    """).fetchall()
    columns = connection.execute(
        "select column_name, data_type from information_schema.columns where table_schema = ? and table_name = ? "
        "order by ordinal_position",
        [schema, name],
    ).fetchall()
    digest = hashlib.sha256(repr(columns).encode())
    for _, _, group_hash in groups:
        digest.update(group_hash.encode())
    return TableContent(name, sum(rows for _, rows, _ in groups), digest.hexdigest())
