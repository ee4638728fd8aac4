"""Opens a parquet, CSV or JSON-lines file as raw rows, or says why it cannot be read and how to mend it.

Belongs here: file formats and their quirks. Does not belong here: contracts beyond the names of columns.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import polars as pl

SUFFIXES = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
SEPARATORS = ",;\t|"
PARQUET_MAGIC = b"PAR1"


class BatchRefusedError(ValueError):
    """A file whose shape cannot be used at all; the message names the file, the rule and the mend."""


def read_chunks(path: Path, rows: int) -> Iterator[pl.DataFrame]:
    """The file's rows in order, as they are, in frames of about `rows` rows.

    CSV values stay text; a line without any value, as spreadsheets leave them at the end, is no row.
    Raises BatchRefusedError for a file that is missing, empty, of an unknown kind, or broken somewhere.
    """
    frame = _scan(path)
    try:
        empty = True
        for chunk in frame.collect_batches(chunk_size=rows, maintain_order=True):
            if chunk.height:
                empty = False
                yield chunk
    except pl.exceptions.PolarsError as error:
        raise BatchRefusedError(f"{path.name}: {_first_line(error)}. {_mend(path)}") from error
    if empty:
        raise BatchRefusedError(f"{path.name}: holds no rows. Hand in a file with at least one row, or none.")


def column_names(path: Path) -> list[str]:
    """The names of the file's columns, without reading its rows. Raises BatchRefusedError like `read_chunks`."""
    try:
        return _scan(path).collect_schema().names()
    except pl.exceptions.PolarsError as error:
        raise BatchRefusedError(f"{path.name}: {_first_line(error)}. {_mend(path)}") from error


def _scan(path: Path) -> pl.LazyFrame:
    if not path.is_file():
        raise BatchRefusedError(f"{path}: no such file. Check the path.")
    if path.stat().st_size == 0:
        raise BatchRefusedError(f"{path.name}: the file is empty (0 bytes). Export it again.")
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise BatchRefusedError(f"{path.name}: unknown kind of file. Use one of {', '.join(SUFFIXES)}.")
    with path.open("rb") as file:
        is_parquet = file.read(4) == PARQUET_MAGIC
    if is_parquet != (kind == "parquet"):
        found = "a parquet file" if is_parquet else "not a parquet file"
        raise BatchRefusedError(f"{path.name}: the name says {kind}, but it is {found}. Give it its right suffix.")
    if kind == "parquet":
        return pl.scan_parquet(path, glob=False, hive_partitioning=False)
    if kind == "csv":
        frame = pl.scan_csv(path, infer_schema=False, separator=_separator(path), glob=False)
        return frame.filter(~pl.all_horizontal(pl.all().is_null()))
    return pl.scan_ndjson(path, infer_schema_length=None)


def _separator(path: Path) -> str:
    """The separator of the header line; doubled names and a header that is not UTF-8 are refused here."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
    except UnicodeDecodeError as error:
        raise BatchRefusedError(f"{path.name}: is not UTF-8 ({error.reason}). {_mend(path)}") from error
    separator = max(SEPARATORS, key=header.count)
    names = next(csv.reader([header], delimiter=separator), [])
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise BatchRefusedError(f"{path.name}: column {', '.join(doubled)} stands twice in the header. Rename one.")
    return separator


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(". ") if str(error).strip() else type(error).__name__


def _mend(path: Path) -> str:
    kind = SUFFIXES.get(path.suffix.lower())
    if kind == "csv":
        return "Save it as UTF-8 CSV with one header line and the same number of fields on each line."
    if kind == "jsonl":
        return "Write one JSON object a line, without a list around them and without a byte-order mark."
    return "The file is damaged or incomplete: export it again."
