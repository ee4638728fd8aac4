"""Files that pandas, Spark, DuckDB and spreadsheets write give the silver rows that Polars' own files give."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sentinel_orchestration.contracts import Contract, load_contracts
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.silver import gate_feed
from tests.lake.conftest import next_run

CONTRACTS = load_contracts()
Write = Callable[[pl.DataFrame, Contract, Path], object]


def pandas_parquet(rows: pl.DataFrame, contract: Contract, folder: Path) -> None:
    """Nanosecond times, NaT and NaN for null, dates as times, ints with gaps as floats, an index."""
    frame = rows.to_pandas()
    for column in contract.columns:
        if column.type in ("date", "timestamp"):
            frame[column.name] = frame[column.name].astype("datetime64[ns]")
    frame.index = frame.index + 5
    frame.to_parquet(folder / "pandas.parquet")


def pandas_categories(rows: pl.DataFrame, contract: Contract, folder: Path) -> None:
    """Zoned times, categories, nullable booleans as objects."""
    frame = rows.to_pandas()
    for column in contract.columns:
        if column.type == "timestamp":
            zoned = frame[column.name].astype("datetime64[ns]").dt.tz_localize("UTC")
            frame[column.name] = zoned.dt.tz_convert("Asia/Kolkata")
        elif column.allowed:
            frame[column.name] = frame[column.name].astype("category")
        elif column.type == "integer":
            frame[column.name] = frame[column.name].astype("float64")
    frame.to_parquet(folder / "categories.parquet", index=False)


def pandas_csv(rows: pl.DataFrame, contract: Contract, folder: Path) -> None:
    rows.to_pandas().to_csv(folder / "pandas.csv")


def pandas_json_lines(rows: pl.DataFrame, contract: Contract, folder: Path) -> None:
    frame = rows.to_pandas()
    for column in contract.columns:
        if column.type == "date":
            frame[column.name] = frame[column.name].astype(str)
    frame.to_json(folder / "pandas.jsonl", orient="records", lines=True, date_format="iso", date_unit="us")


def spark_parquet(rows: pl.DataFrame, contract: Contract, folder: Path) -> None:
    """A folder of part files with INT96 times, decimals, dictionaries and a marker of success."""
    table = rows.to_arrow()
    for place, column in enumerate(contract.columns):
        values = table.column(column.name)
        if column.type == "integer":
            table = table.set_column(place, column.name, values.cast(pa.decimal128(20, 0)))
        elif column.type == "string":
            table = table.set_column(place, column.name, values.cast(pa.string()).dictionary_encode())
    out = folder / "export.parquet"
    out.mkdir()
    for part in range(2):
        piece = table.slice(part * len(table) // 2, (part + 1) * len(table) // 2 - part * len(table) // 2)
        name = f"part-0000{part}-c000.snappy.parquet"
        pq.write_table(piece, out / name, use_deprecated_int96_timestamps=True, compression="snappy")
    (out / "_SUCCESS").touch()


def duckdb_copy(suffix: str, options: str, zoned: bool = False) -> Write:
    def write(rows: pl.DataFrame, contract: Contract, folder: Path) -> None:
        source = rows.to_arrow()
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'America/St_Johns'")
            connection.register("source", source)
            columns = [
                f"{c.name} at time zone 'UTC' as {c.name}" if zoned and c.type == "timestamp" else c.name
                for c in contract.columns
            ]
            connection.execute(
                f"copy (select {', '.join(columns)} from source) to '{folder / f'duckdb.{suffix}'}' ({options})"
            )

    return write


def spreadsheet_csv(rows: pl.DataFrame, contract: Contract, folder: Path) -> None:
    """Byte-order mark, semicolons, CRLF, TRUE and FALSE, times to the minute, empty lines at the end."""
    values = [
        {
            "boolean": pl.col(column.name).cast(pl.String).str.to_uppercase(),
            "timestamp": pl.col(column.name).dt.strftime("%Y-%m-%d %H:%M"),
        }.get(column.type, pl.col(column.name))
        for column in contract.columns
    ]
    text = rows.select(values).write_csv(separator=";", line_terminator="\r\n")
    blank = ";" * (rows.width - 1) + "\r\n"
    (folder / "sheet.csv").write_bytes(("\ufeff" + text + blank * 3 + "\r\n").encode())


WRITERS: dict[str, Write] = {
    "pandas parquet": pandas_parquet,
    "pandas categories": pandas_categories,
    "pandas csv": pandas_csv,
    "pandas json lines": pandas_json_lines,
    "spark parquet": spark_parquet,
    "duckdb parquet": duckdb_copy("parquet", "format parquet"),
    "duckdb csv": duckdb_copy("csv", "header"),
    "duckdb zoned csv": duckdb_copy("csv", "header, delimiter '|'", zoned=True),
    "duckdb zoned parquet": duckdb_copy("parquet", "format parquet", zoned=True),
    "duckdb json lines": duckdb_copy("jsonl", "format json"),
    "spreadsheet csv": spreadsheet_csv,
}


@pytest.mark.parametrize("tool", WRITERS)
def test_every_feed_written_by_another_tool(
    lake: Lake, silver: Callable[..., pl.DataFrame], fleet_rows: dict[str, pl.DataFrame], tool: str
) -> None:
    for feed, contract in CONTRACTS.items():
        rows = fleet_rows[feed]
        if tool == "spreadsheet csv":
            rows = rows.with_columns(pl.col(pl.Datetime).dt.truncate("1m"))
        folder = lake.layout.inbox / feed
        folder.mkdir(parents=True)
        WRITERS[tool](rows, contract, folder)
        run = next_run(lake)
        for record in run.receive(feed):
            assert record.refused_because is None
        counts = gate_feed(run, feed)
        assert sum(c.received for c in counts) == rows.height, feed
        assert sum(c.quarantined + c.superseded for c in counts) == 0, feed
        order = [contract.event_time, *contract.key] if contract.event_time else contract.key
        assert silver(feed).sort(order).equals(rows.unique().sort(order)), feed
