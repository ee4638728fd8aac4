"""Reads a parquet, CSV or JSON-lines file as raw rows, or says why it cannot be read and how to fix it."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from sentinel_orchestration.feeds.broken_lines import broken_line
from sentinel_orchestration.feeds.limits import MAX_EXPANSION, Limits
from sentinel_orchestration.feeds.openable import BatchRefusedError, check_kind, check_openable, check_text
from sentinel_orchestration.feeds.quotes import misplaced_quote
from sentinel_orchestration.feeds.zones import with_readable_zones

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
ENCRYPTED = "Encryption error"  # what Polars says of a parquet file of which some columns are encrypted
MAX_HEADER_BYTES = 2**24
FIXES = {
    "csv": "Save it as UTF-8 CSV with one header line and the same number of fields on each line.",
    "jsonl": "Write one JSON object per line, as UTF-8, without a list around them and without a byte-order mark.",
    "parquet": "The file is damaged or incomplete: export it again.",
}


def read_chunks(path: Path, rows: int, max_expansion: int = MAX_EXPANSION) -> Iterator[pl.DataFrame]:
    """The file's rows in order, as they are, in frames of about `rows` rows.

    A file without rows gives one frame without rows. CSV values stay text. A line without any value, as spreadsheets leave
    at the end, is not a row.
    Raises BatchRefusedError for a file that is missing, empty, of an unknown kind, or broken anywhere, and for one that
    takes over `max_expansion` times its size in memory.
    """
    frame, kind = _scan(path), _kind(path)
    if kind == "csv" and (problem := misplaced_quote(path, _separator(path))):
        raise BatchRefusedError(f"{path.name}: {problem}. {_fix(path)}")
    limits = Limits(path, max_expansion)
    with _refusals(path):
        limits.check_shape(frame, is_text=kind != "parquet")
        size, is_empty = 0, True
        for chunk in frame.collect_batches(chunk_size=rows, maintain_order=True):
            kept = _without_blank_lines(chunk) if kind == "csv" else chunk
            size += int(kept.estimated_size())
            limits.check_size(size)
            if kept.height:
                is_empty = False
                yield kept
        if is_empty:
            yield frame.collect_schema().to_frame()


def column_names(path: Path) -> list[str]:
    """The names of the file's columns, without reading its rows. Raises BatchRefusedError like `read_chunks`."""
    frame = _scan(path)
    with _refusals(path):
        return frame.collect_schema().names()


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """Turns Polars' error about a broken file into a refusal that names the fix, and the line if there is one."""
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        if ENCRYPTED in str(error):
            raise BatchRefusedError(f"{path.name}: is encrypted. Export it without encryption.") from error
        kind = _kind(path)
        line = None if kind == "parquet" else broken_line(path, kind, _separator(path) if kind == "csv" else "")
        raise BatchRefusedError(f"{path.name}: {line or _first_line(error)}. {_fix(path)}") from error


def _without_blank_lines(chunk: pl.DataFrame) -> pl.DataFrame:
    if not chunk.width or not chunk.to_series(0).null_count():
        return chunk
    return chunk.filter(~pl.all_horizontal(pl.all().is_null()))


def _scan(path: Path) -> pl.LazyFrame:
    check_openable(path)
    if path.stat().st_size == 0:
        raise BatchRefusedError(f"{path.name}: the file is empty (0 bytes). Export it again.")
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise BatchRefusedError(f"{path.name}: unknown kind of file. Use one of {', '.join(SUFFIXES)}.")
    check_kind(path)
    with path.open("rb") as file:
        is_parquet = file.read(4) == PARQUET_MAGIC
    if is_parquet != (kind == "parquet"):
        found = "a parquet file" if is_parquet else "not a parquet file"
        raise BatchRefusedError(f"{path.name}: the name says {kind}, but it is {found}. Correct the suffix.")
    if kind == "parquet":
        with _refusals(path):
            return with_readable_zones(pl.scan_parquet(path, glob=False, hive_partitioning=False), path.name)
    check_text(path)
    if kind == "csv":
        return pl.scan_csv(path, infer_schema=False, separator=_separator(path), glob=False)
    with _refusals(path):
        return pl.scan_ndjson(path, infer_schema_length=None)


def _kind(path: Path) -> str:
    return SUFFIXES[path.suffix.lower()]


def _separator(path: Path) -> str:
    """The separator of the header line. Raises BatchRefusedError for a repeated name or a header that is not UTF-8."""
    with path.open("rb") as file:
        line = file.readline(MAX_HEADER_BYTES)
    if len(line) == MAX_HEADER_BYTES:
        raise BatchRefusedError(f"{path.name}: line 1 has over {MAX_HEADER_BYTES:,} bytes. {_fix(path)}")
    try:
        header = line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BatchRefusedError(f"{path.name}: line 1 is not UTF-8 ({error.reason}). {_fix(path)}") from error
    separator = max(SEPARATORS, key=header.count)
    names = next(csv.reader([header], delimiter=separator), [])
    repeated = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if repeated:
        raise BatchRefusedError(f"{path.name}: column {', '.join(repeated)} is in the header twice. Rename one.")
    return separator


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0].rstrip(". ") if str(error).strip() else type(error).__name__


def _fix(path: Path) -> str:
    return FIXES[_kind(path)]
