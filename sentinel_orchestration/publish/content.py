"""What a DuckDB file holds, as one sha256 per table: equal hashes, equal rows, whatever their order on disk."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import polars as pl

ROWS_AT_ONCE = 250_000
TABLES_AT_ONCE = 2
FLOATS = ("DOUBLE", "FLOAT")
HASHED_AS_THEY_ARE = ("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "DATE", "TIMESTAMP", "VARCHAR")


@dataclass(frozen=True)
class TableContent:
    """A table (schema.name), its rows, and the sha256 of its content."""

    name: str
    rows: int
    sha256: str


def release_contents(connection: duckdb.DuckDBPyConnection, scratch: Path, ops: bool = False) -> list[TableContent]:
    """Every table of the database, by schema and name: those of the schema `ops`, which describe a run, or all others.

    Rows are put in order by all their columns, into a parquet file under `scratch`, which bounds memory; then each
    column is hashed from one end to the other: nulls, lengths of texts, values. While one table is hashed, DuckDB puts the
    next in order. Only what is committed is seen.
    """
    names = connection.execute(
        "select schema_name, table_name from duckdb_tables() "
        "where database_name = current_database() and not internal and (schema_name = 'ops') = ? order by all",
        [ops],
    ).fetchall()
    with TemporaryDirectory(dir=scratch, prefix=".sorted-") as folder, ThreadPoolExecutor(TABLES_AT_ONCE) as pool:
        files = (Path(folder) / f"{number}.parquet" for number in range(len(names)))
        return list(pool.map(lambda name, file: _content(connection, name[0], name[1], file), names, files))


def combined_digest(contents: list[TableContent], *more: str) -> str:
    """One sha256 over the hashes of all tables and `more`."""
    return hashlib.sha256("\n".join([*(f"{c.name} {c.sha256}" for c in contents), *more]).encode()).hexdigest()


def _content(database: duckdb.DuckDBPyConnection, schema: str, name: str, file: Path) -> TableContent:
    with database.cursor() as connection:
        connection.execute("set timezone = 'UTC'")
        columns = connection.execute(
            "select column_name, data_type from information_schema.columns where table_schema = ? and table_name = ? "
            "order by ordinal_position",
            [schema, name],
        ).fetchall()
        values = ", ".join(_hashable(column, kind) for column, kind in columns)
        target = str(file).replace("'", "''")
        connection.execute(
            f'copy (select {values} from "{schema}"."{name}" order by all) to \'{target}\' (compression uncompressed)'
        )
    rows = pl.scan_parquet(file).select(pl.len()).collect().item()
    digests = {column: hashlib.sha256() for column, _ in columns}
    for start in range(0, rows, ROWS_AT_ONCE):
        for series in pl.scan_parquet(file).slice(start, ROWS_AT_ONCE).collect():
            for part in _bytes(series):
                digests[series.name].update(part)
    file.unlink()
    whole = hashlib.sha256(repr((columns, rows)).encode())
    for digest in digests.values():
        whole.update(digest.digest())
    return TableContent(f"{schema}.{name}", rows, whole.hexdigest())


def _hashable(column: str, kind: str) -> str:
    """SQL of a column in a type that parquet keeps exactly; -0.0 becomes 0.0, its equal in an order."""
    name = '"' + column.replace('"', '""') + '"'
    if kind in FLOATS:
        return f"{name} + 0 as {name}"
    return name if kind in HASHED_AS_THEY_ARE else f"{name}::varchar as {name}"


def _bytes(series: pl.Series) -> Iterator[bytes]:
    """A column's values as bytes that no other values have, given its type and number of rows."""
    yield series.is_not_null().to_numpy().tobytes()
    if series.dtype == pl.String:
        texts = series.fill_null("")
        yield texts.str.len_bytes().to_numpy().tobytes()
        yield texts.str.join("").item().encode()
    else:
        yield series.to_physical().fill_null(strategy="zero").to_numpy().tobytes()
