"""Writes that are whole or absent: a temporary name in the same folder, then one rename.

Belongs here: moving bytes safely to their final name. Does not belong here: what the bytes mean or where they lie.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TEMPORARY_SUFFIX = ".partial"


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yields a temporary path beside `target`; on success it takes the target's name, on failure it is removed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
    try:
        yield temporary
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


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
