"""What went wrong outside of Sentinel (a full disk, a folder nobody may write to, a damaged file), in one line each.

Belongs here: telling such an error by its type or its words, and the mend. Does not belong here: errors of Sentinel's own,
whose messages say the mend themselves.
"""

import getpass
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import polars as pl

from sentinel_orchestration.settings import Settings

FULL_BELOW_BYTES = 256 * 1024  # SQLite and DuckDB need whole pages, and say "I/O error" where they get none
PATH = re.compile(r"""["'](/[^"']+)["']|(?<![\w.:/])(/\w[^\s:"'()]*)""")


def in_one_line(error: BaseException, settings: Settings) -> str | None:
    """The mishap behind `error`, or behind what caused it; None for an error of another kind."""
    return next((told for cause in _causes(error) if (told := mishap(_words(cause), settings))), None)


def mishap(words: str, settings: Settings) -> str | None:
    """What an error message means outside of Sentinel, where, and what to do; None where it tells of no such thing."""
    return next((tell(words, settings) for pattern, tell in MISHAPS if re.search(pattern, words, re.IGNORECASE)), None)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _full(words: str, settings: Settings) -> str:
    place = _fullest(settings)
    free = shutil.disk_usage(place).free / 1e6
    return (
        f"No space left on device: {place} has {free:,.1f} MB free. Make space there and run the same again. "
        "What is published is whole."
    )


def _input_output(words: str, settings: Settings) -> str:
    place = _fullest(settings)
    if shutil.disk_usage(place).free < FULL_BELOW_BYTES:
        return _full(words, settings)
    return f"{_first_line(words)}. The disk under {place} fails: look into the system's log, then run the same again."


def _forbidden(words: str, settings: Settings) -> str:
    place = _named(words) or _first_forbidden(settings)
    reason = "Read-only file system" if "ead-only file" in words else "Permission denied"
    return f"{place}: {reason}. Let the user {_user()} read and write it, and the folder it lies in, then run the same again."


def _damaged_history(words: str, settings: Settings) -> str:
    files = [path for path in sorted(settings.dagster_home.rglob("*.db")) if _is_damaged(path)]
    named = ", ".join(map(str, files)) or str(settings.dagster_home)
    return (
        f"{named}: Dagster's history is damaged. Move {settings.dagster_home} away and run the same again: only the history "
        "of runs starts anew."
    )


def _damaged_database(words: str, settings: Settings) -> str:
    return (
        f"{settings.current_dir.resolve()} is damaged, of which a build starts: {_first_line(words)}. Remove that folder and "
        "run `sentinel build`, which makes it anew; or `sentinel rollback`."
    )


def _damaged_parquet(words: str, settings: Settings) -> str:
    pieces = [path for path in settings.bronze_dir.glob("**/*.parquet") if _is_no_parquet(path)]
    made = [path for root in (settings.silver_dir, settings.quarantine_dir) for path in root.glob("**/*.parquet")]
    made = [path for path in made if _is_no_parquet(path)]
    if pieces:
        feed = settings.bronze_dir / pieces[0].relative_to(settings.bronze_dir).parts[0]
        mend = f"Remove {feed} and build again: it is received anew from the inbox or the simulator."
    else:
        mend = "Remove it and build again: it is made anew from bronze."
    return f"{', '.join(map(str, pieces or made)) or _first_line(words)}: a parquet file is damaged. {mend}"


# Pattern of the message → what to say. The first that fits counts.
MISHAPS: tuple[tuple[str, Callable[[str, Settings], str]], ...] = (
    (r"no space left|disk is full|disk quota exceeded|not enough (disk )?space|StorageFull", _full),
    (r"disk i/o error|input/output error", _input_output),
    (r"permission denied|read-only file system|readonly database|unable to open database file", _forbidden),
    (r"file is not a database|disk image is malformed|no such table|malformed database schema", _damaged_history),
    (r"file out of specification|no magic bytes|too small to be a parquet", _damaged_parquet),
    (
        r"not a valid duckdb database|corrupt database file|could not read enough bytes|storage version",
        _damaged_database,
    ),
)


def _fullest(settings: Settings) -> Path:
    """The data folder (or the nearest one above it that exists), or the part of it that lies on a fuller device."""
    data = next(place for place in (settings.data_dir, *settings.data_dir.parents) if place.exists())
    return min((data, *data.glob("*/")), key=lambda place: shutil.disk_usage(place).free)


def _named(words: str) -> str | None:
    found = PATH.search(words)
    return next(filter(None, found.groups())) if found else None


def _first_forbidden(settings: Settings) -> Path:
    """For SQLite, which names no file, and Polars, which cuts long names."""
    data, inbox = settings.data_dir, settings.inbox_dir
    unwritable = (path for path in (data, *sorted(data.rglob("*"))) if path.exists() and not os.access(path, os.W_OK))
    unreadable = (path for path in (inbox, *sorted(inbox.rglob("*"))) if path.exists() and not os.access(path, os.R_OK))
    return next(unwritable, None) or next(unreadable, data)


def _is_damaged(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            answer: tuple[str] = connection.execute("pragma quick_check(1)").fetchone()
            return answer != ("ok",)
    except sqlite3.DatabaseError:
        return True


def _is_no_parquet(path: Path) -> bool:
    try:
        pl.read_parquet_metadata(path)
    except (pl.exceptions.PolarsError, OSError):
        return True
    return False


def _first_line(words: str) -> str:
    return words.strip().splitlines()[0].rstrip(". ")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())  # one that has no name here
