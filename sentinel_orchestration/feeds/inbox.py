"""The folders people hand files in: inbox/<feed>/, and which feed a loose file belongs to.

Belongs here: finding and placing files. Does not belong here: reading rows (readers) or receiving them (bronze).
"""

import hashlib
import os
from collections.abc import Collection, Mapping
from pathlib import Path

from sentinel_orchestration.contracts import Contract
from sentinel_orchestration.feeds.openable import BatchRefusedError
from sentinel_orchestration.feeds.readers import SUFFIXES, column_names
from sentinel_orchestration.files import copy_file

HIDDEN = (".", "_")


def inbox_files(inbox_dir: Path, feed: str) -> list[Path]:
    """Every file handed in for `feed`, oldest first."""
    return sorted(_visible_files(inbox_dir / feed), key=lambda path: (stat_of(path).st_mtime_ns, path.name, path))


def stray_files(inbox_dir: Path, feeds: Collection[str]) -> list[Path]:
    """What lies in the inbox, but in the folder of no feed: it counts for nothing, and somebody meant it to."""
    return sorted(path for path in _visible_files(inbox_dir) if path.relative_to(inbox_dir).parts[0] not in feeds)


def expand(path: Path) -> list[Path]:
    """The files that `path` stands for: itself, or every readable kind of file below a folder.

    Raises BatchRefusedError where there are none.
    """
    if not path.exists():
        raise BatchRefusedError(f"{path}: no such file or folder. Check the path.")
    if not path.is_dir():
        return [path]
    files = sorted(file for file in _visible_files(path) if file.suffix.lower() in SUFFIXES)
    if not files:
        raise BatchRefusedError(f"{path}: the folder holds no {', '.join(SUFFIXES)} file.")
    return files


def feed_of(path: Path, contracts: Mapping[str, Contract]) -> str:
    """The feed a file belongs to, told by its name, its folder's name, or its columns, in this order.

    Raises BatchRefusedError where none of them tells.
    """
    stem = path.name.split(".")[0].lower()
    named = [feed for feed in contracts if stem == feed or stem.startswith((f"{feed}_", f"{feed}-"))]
    if named:
        return max(named, key=len)
    if path.parent.name in contracts:
        return path.parent.name
    columns = set(column_names(path))
    matching = [feed for feed, contract in contracts.items() if columns.issuperset(contract.column_names)]
    if len(matching) == 1:
        return matching[0]
    raise BatchRefusedError(
        f"{path.name}: cannot tell its feed from its name, folder or columns. Name it with --feed, one of "
        f"{', '.join(sorted(contracts))}."
    )


def sha256_of(path: Path) -> str:
    """What tells a file's content from any other."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stat_of(path: Path) -> os.stat_result:
    """Size and time of a file; of a link that leads nowhere, those of the link."""
    try:
        return path.stat()
    except OSError:
        return path.lstat()


def place(path: Path, inbox_dir: Path, feed: str) -> Path:
    """Copies a file into the inbox of `feed` and gives its place; another file of that name is never replaced."""
    target = inbox_dir / feed / path.name
    if path.resolve().is_relative_to((inbox_dir / feed).resolve()):
        return path
    if target.exists():
        digest = sha256_of(path)
        if sha256_of(target) == digest:
            return target
        target = target.with_stem(f"{target.stem}-{digest[:8]}")
    copy_file(path, target)
    return target


def _visible_files(folder: Path) -> list[Path]:
    """What is handed in below `folder`, without what `.` or `_` marks as hidden: an unfinished copy, Spark's _SUCCESS.

    Pipes and links that lead to a folder or nowhere are among it: they are told, not passed over. Raises OSError for a
    folder that may not be listed.
    """
    found: list[Path] = []
    for place, folders, files in os.walk(folder, onerror=_raise) if folder.is_dir() else ():
        folders[:] = [name for name in folders if not name.startswith(HIDDEN)]
        found += [Path(place, name) for name in files if not name.startswith(HIDDEN)]
        found += [link for name in folders if (link := Path(place, name)).is_symlink()]
    return found


def _raise(error: OSError) -> None:
    raise error
