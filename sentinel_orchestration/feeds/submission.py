"""What `sentinel ingest` does with a path before the inbox has it: which files, which feed, under which name."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from sentinel_orchestration.contracts import Contract
from sentinel_orchestration.feeds.inbox import visible_files
from sentinel_orchestration.feeds.openable import BatchRefusedError
from sentinel_orchestration.feeds.readers import SUFFIXES, column_names
from sentinel_orchestration.files import copy_file


def expand(path: Path) -> list[Path]:
    """The file itself, or every file of a readable kind in a folder and below.

    Raises BatchRefusedError if there are none.
    """
    if not path.exists():
        raise BatchRefusedError(f"{path}: no such file or folder. Check the path.")
    if not path.is_dir():
        return [path]
    files = sorted(file for file in visible_files(path) if file.suffix.lower() in SUFFIXES)
    if not files:
        raise BatchRefusedError(f"{path}: the folder has no {', '.join(SUFFIXES)} file.")
    return files


def feed_of(path: Path, contracts: Mapping[str, Contract]) -> str:
    """The feed a file belongs to, by its name, its folder's name, or its columns, in this order.

    Raises BatchRefusedError if none of them decides it.
    """
    stem = path.name.split(".")[0].lower()
    named = [feed for feed in contracts if stem == feed or stem.startswith((f"{feed}_", f"{feed}-"))]
    if named:
        return max(named, key=len)
    if path.parent.name in contracts:
        return path.parent.name
    columns = set(column_names(path))
    matching = [feed for feed, contract in contracts.items() if columns.issuperset(contract.needed_columns)]
    if len(matching) == 1:
        return matching[0]
    raise BatchRefusedError(
        f"{path.name}: its name, folder and columns do not say which feed it is for. Use --feed with one of "
        f"{', '.join(sorted(contracts))}."
    )


def place(path: Path, inbox_dir: Path, feed: str) -> Path:
    """Copies a file into the inbox of `feed` and returns its path there; never replaces a different file of that name."""
    target = inbox_dir / feed / path.name
    if path.resolve().is_relative_to((inbox_dir / feed).resolve()):
        return path
    if target.exists():
        digest = _sha256(path)
        if _sha256(target) == digest:
            return target
        target = target.with_stem(f"{target.stem}-{digest[:8]}")
    copy_file(path, target)
    return target


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
