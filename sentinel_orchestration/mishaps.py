"""What went wrong outside of Sentinel (a full disk, a forbidden folder, a damaged file), in one line that says what to do."""

import errno
import getpass
import os
import re
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from sentinel_orchestration.layout import WAREHOUSE_FILE, Layout
from sentinel_orchestration.settings import Settings

FULL = {errno.ENOSPC, errno.EDQUOT}
FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
FAILING = {errno.EIO}
SQLITE_FORBIDDEN = {sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
SQLITE_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
FULL_BELOW_BYTES = 256 * 1024  # SQLite and DuckDB need whole pages, and say "I/O error" where they get none

# How a damaged database shows in DuckDB, and a damaged parquet file in DuckDB and Polars: both also mean other things.
DUCKDB_DAMAGED = (duckdb.IOException, duckdb.SerializationException, duckdb.InternalException, duckdb.FatalException)
PARQUET_DAMAGED = {"InvalidInputException", "ComputeError"}

# Where only words are left of an error: Dagster keeps its class and message, dbt DuckDB's message.
ERRNO = re.compile(r"\[Errno (\d+)\]|\(os error (\d+)\)")  # as Python and Rust write it
DUCKDB_KIND = re.compile(r"\b(IO|Serialization|INTERNAL|FATAL|Invalid Input|Out of Memory) Error: ")
DUCKDB_CLASSES = {
    "IO": "IOException",
    "Serialization": "SerializationException",
    "INTERNAL": "InternalException",
    "FATAL": "FatalException",
    "Invalid Input": "InvalidInputException",
    "Out of Memory": "OutOfMemoryException",
}
SQLITE_WORDS = {
    "database or disk is full": sqlite3.SQLITE_FULL,
    "disk I/O error": sqlite3.SQLITE_IOERR,
    "attempt to write a readonly database": sqlite3.SQLITE_READONLY,
    "unable to open database file": sqlite3.SQLITE_CANTOPEN,
    "file is not a database": sqlite3.SQLITE_NOTADB,
    "database disk image is malformed": sqlite3.SQLITE_CORRUPT,
}
PATH = re.compile(r"""["'](/[^"']+)["']|(?<![\w.:/])(/\w[^\s:"'()]*)""")


@dataclass(frozen=True)
class Fault:
    """What is known of an error: its class, its words, and the codes of the operating system and of SQLite it carries."""

    kind: str
    words: str
    code: int | None = None
    sqlite: int | None = None
    path: str | None = None

    @classmethod
    def of(cls, error: BaseException) -> "Fault":
        """The fault behind an exception."""
        words, sqlite = str(error), None
        if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", None) is not None:
            sqlite = error.sqlite_errorcode & 0xFF  # what is above says more of the same kind
        code = error.errno if isinstance(error, OSError) else None
        path = error.filename if isinstance(error, OSError) and isinstance(error.filename, str) else None
        return cls(type(error).__name__, words, code or _errno(words), sqlite, path or _named(words))

    @classmethod
    def read(cls, kind: str | None, words: str) -> "Fault":
        """The fault behind an error of which Dagster kept the class's name and the message."""
        found = DUCKDB_KIND.search(words)
        sqlite = next((code for text, code in SQLITE_WORDS.items() if text in words), None)
        return cls(
            DUCKDB_CLASSES[found[1]] if found else kind or "",
            words,
            _errno(words),
            sqlite if words.startswith("sqlite3.") else None,
            _named(words),
        )

    @property
    def is_damaged_database(self) -> bool:
        """Whether DuckDB found a file damaged, rather than forbidden, in use, or on a full disk."""
        is_kind = self.kind in {kind.__name__ for kind in DUCKDB_DAMAGED}
        return is_kind and self.code is None and "Could not set lock" not in self.words


def in_one_line(error: BaseException, settings: Settings) -> str | None:
    """What happened behind `error`, or behind what caused it; None for an error of another kind."""
    return explain(map(Fault.of, _causes(error)), settings)


def explain(faults: Iterable[Fault], settings: Settings) -> str | None:
    """What happened outside of Sentinel, where, and what to do; None where none of the faults is of that kind."""
    return next((text for fault in faults if (text := _explain(fault, settings.layout))), None)


def _explain(fault: Fault, layout: Layout) -> str | None:
    if fault.code in FULL or fault.sqlite == sqlite3.SQLITE_FULL:
        return _full(layout)
    if fault.code in FORBIDDEN or fault.sqlite in SQLITE_FORBIDDEN:
        return _forbidden(fault, layout)
    if fault.code in FAILING or fault.sqlite == sqlite3.SQLITE_IOERR:
        return _failing(fault, layout)
    if fault.kind == duckdb.OutOfMemoryException.__name__ and _is_full(layout):  # no room to spill to disk
        return _full(layout)
    if fault.sqlite in SQLITE_DAMAGED:
        return _damaged_history(layout)
    if fault.kind in PARQUET_DAMAGED:
        return _damaged_parquet(layout)
    return _damaged_database(layout) if fault.is_damaged_database else None


def _full(layout: Layout) -> str:
    place = _fullest(layout)
    free = shutil.disk_usage(place).free / 1e6
    return (
        f"No space left on device: {place} has {free:,.1f} MB free. Free some space there and run the same again. "
        "The current release is intact."
    )


def _failing(fault: Fault, layout: Layout) -> str:
    if _is_full(layout):
        return _full(layout)
    return (
        f"{_first_line(fault.words)}. The disk under {_fullest(layout)} may be failing: look into the system's log, then run "
        "the same again."
    )


def _forbidden(fault: Fault, layout: Layout) -> str:
    place = fault.path or _first_forbidden(layout)
    reason = os.strerror(fault.code or errno.EACCES)
    return (
        f"{place}: {reason}. Let the user {_user()} read and write it and the folder it is in, then run the same again."
    )


def _damaged_history(layout: Layout) -> str:
    files = [path for path in sorted(layout.dagster.rglob("*.db")) if _is_damaged_sqlite(path)]
    named = ", ".join(map(str, files)) or str(layout.dagster)
    return (
        f"{named}: Dagster's history is damaged. Move {layout.dagster} away and run the same again: only the history of runs "
        "is lost."
    )


def _damaged_parquet(layout: Layout) -> str | None:
    received = [path for path in layout.bronze.glob("**/*.parquet") if _is_damaged_parquet(path)]
    if received:
        feed = layout.bronze / received[0].relative_to(layout.bronze).parts[0]
        return (
            f"{', '.join(map(str, received))}: damaged parquet. Remove {feed} and build again: its rows are received again "
            "from its source."
        )
    made = [path for root in (layout.silver, layout.quarantine) for path in root.glob("**/*.parquet")]
    damaged = ", ".join(str(path) for path in made if _is_damaged_parquet(path))
    return f"{damaged}: damaged parquet. Remove it and build again: it is made again from bronze." if damaged else None


def _damaged_database(layout: Layout) -> str | None:
    if not layout.warehouse.exists():  # the step that found the damage took it away
        return f"{layout.warehouse} was damaged and is removed. Run the same again: it is rebuilt from silver."
    if _is_damaged_duckdb(layout.warehouse):
        return f"{layout.warehouse} is damaged. Remove it and run the same again: it is rebuilt from silver."
    release = layout.current.resolve() / WAREHOUSE_FILE
    if _is_damaged_duckdb(release):
        return f"{release} is damaged. Run `sentinel build` for a new release, or `sentinel rollback`."
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _errno(words: str) -> int | None:
    """The operating system's code in an error message, as number or, from DuckDB, as its words."""
    found = ERRNO.search(words)
    if found:
        return int(found[1] or found[2])
    return next((code for code in errno.errorcode if f": {os.strerror(code)}" in words), None)


def _named(words: str) -> str | None:
    found = PATH.search(words)
    return next(filter(None, found.groups())) if found else None


def _fullest(layout: Layout) -> Path:
    """The data folder (or the nearest one above it that exists), or the part of it that is on a fuller device."""
    data = next(place for place in (layout.data, *layout.data.parents) if place.exists())
    return min((data, *data.glob("*/")), key=lambda place: shutil.disk_usage(place).free)


def _is_full(layout: Layout) -> bool:
    return shutil.disk_usage(_fullest(layout)).free < FULL_BELOW_BYTES


def _first_forbidden(layout: Layout) -> Path:
    """For SQLite, which names no file, and Polars, which cuts long names."""
    data, inbox = layout.data, layout.inbox
    unwritable = (path for path in (data, *sorted(data.rglob("*"))) if path.exists() and not os.access(path, os.W_OK))
    unreadable = (path for path in (inbox, *sorted(inbox.rglob("*"))) if path.exists() and not os.access(path, os.R_OK))
    return next(unwritable, None) or next(unreadable, data)


def _is_damaged_sqlite(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            answer: tuple[str] = connection.execute("pragma quick_check(1)").fetchone()
            return answer != ("ok",)
    except sqlite3.DatabaseError:
        return True


def _is_damaged_parquet(path: Path) -> bool:
    try:
        pl.read_parquet_metadata(path)
    except (pl.exceptions.PolarsError, OSError):
        return True
    return False


def _is_damaged_duckdb(path: Path) -> bool:
    """Reads every block that holds rows: only then does DuckDB look at its checksum."""
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            query = "select schema_name, table_name from duckdb_tables() where not internal"
            for schema, table in connection.execute(query).fetchall():
                connection.execute(f'select bit_xor(hash(kept)) from "{schema}"."{table}" as kept').fetchall()
    except duckdb.Error as error:
        return Fault.of(error).is_damaged_database and path.exists()
    return False


def _first_line(words: str) -> str:
    return words.strip().splitlines()[0].rstrip(". ")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())  # one that has no name here
