"""Writes that are whole or absent: a temporary name in the same folder, then one rename.

Belongs here: moving bytes safely to their final name. Does not belong here: what the bytes mean or where they lie.
"""

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TEMPORARY_SUFFIX = ".partial"


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yields a temporary path beside `target`; on success it takes the target's name, on failure it is removed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        fcntl.flock(
            folder, fcntl.LOCK_SH
        )  # tells `sweep` that a writer lives; the kernel takes it back with the writer
        temporary.unlink(missing_ok=True)  # of a killed process with our number: a container's are few
        yield temporary
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
        os.close(folder)


def sweep(root: Path, without: Path | None = None) -> None:
    """Removes what killed writers left below `root`, but for `without`; a folder somebody writes to now is left alone."""
    for name, folders, files in os.walk(root):  # a link to a folder stands among the folders
        folders[:] = [folder for folder in folders if Path(name, folder) != without]
        stale = [file for file in (*folders, *files) if file.startswith(".") and file.endswith(TEMPORARY_SUFFIX)]
        if stale:
            with suppress(OSError):  # in use, or not ours to write
                _remove(Path(name), stale)


def _remove(folder: Path, names: Iterable[str]) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for name in names:
            (folder / name).unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def write_text(target: Path, text: str) -> None:
    """Writes `text` as UTF-8, whole or not at all."""
    with replacing(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


def copy_file(source: Path, target: Path) -> None:
    """Copies a file with its times, whole or not at all."""
    with replacing(target) as temporary:
        shutil.copyfile(source, temporary)
        shutil.copystat(source, temporary)


def sync(path: Path) -> None:
    """Forces a file or folder entry to disk, so that a power cut after it loses nothing."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def relative_to_here(path: Path) -> str:
    """The path as a person in the working directory would type it."""
    shown = os.path.relpath(path)
    return str(path) if shown.startswith("..") else shown
