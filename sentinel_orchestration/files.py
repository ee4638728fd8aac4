"""Writes that are whole or absent: a temporary name in the same folder, then one rename."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

TEMPORARY_SUFFIX = ".partial"
COPIED_BYTES = 2**20


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yields a temporary path beside `target`; on success it takes the target's name, on failure it is removed."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
    with _writing_in(target.parent):
        try:
            temporary.unlink(missing_ok=True)  # of a killed process with our number: a container's are few
            yield temporary
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """Yields an empty folder in `parent`, removed in the end; what a killed process leaves of it, `sweep` removes."""
    folder = parent / f".scratch.{os.getpid()}{TEMPORARY_SUFFIX}"
    with _writing_in(parent):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _writing_in(folder: Path) -> Iterator[None]:
    """Shows `sweep` that a writer is alive; the kernel takes the lock back with the writer."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def sweep(root: Path, without: Path | None = None) -> None:
    """Removes what killed writers left below `root`, but for `without`; a folder somebody writes to now is left alone."""
    for name, folders, files in os.walk(root):  # a link to a folder is among the folders
        folders[:] = [folder for folder in folders if Path(name, folder) != without]
        stale = [file for file in (*folders, *files) if file.startswith(".") and file.endswith(TEMPORARY_SUFFIX)]
        if stale:
            with suppress(OSError):  # in use, or not ours to write
                _remove(Path(name), stale)


def _remove(folder: Path, names: Iterable[str]) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for path in (folder / name for name in names):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def remove(folder: Path) -> None:
    """Removes a folder: with one rename it is gone for all who look, and what a killed process leaves of it, `sweep` removes."""
    leaving = folder.with_name(f".{folder.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
    with _writing_in(folder.parent):
        if leaving.exists():  # of a killed process with our number
            shutil.rmtree(leaving)
        os.replace(folder, leaving)
        shutil.rmtree(leaving)


def write_text(target: Path, text: str) -> None:
    """Writes `text` as UTF-8, whole or not at all."""
    with replacing(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_together(texts: Mapping[Path, str]) -> None:
    """Writes several files, all or none: where one cannot be written, those before it are as they were, and so are folders."""
    before = {path: path.read_text(encoding="utf-8") if path.exists() else None for path in texts}
    with ExitStack() as undo:
        for path, text in texts.items():
            for folder in reversed([place for place in path.parents if not place.exists()]):
                undo.callback(folder.rmdir)
                folder.mkdir()
            undo.callback(_put_back, path, before[path])
            write_text(path, text)
        undo.pop_all()


def _put_back(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink(missing_ok=True)
    elif path.read_text(encoding="utf-8") != text:
        write_text(path, text)


def copy_file(source: Path, target: Path) -> None:
    """Copies a file with its times, whole or not at all."""
    with replacing(target) as temporary:
        shutil.copyfile(source, temporary)
        shutil.copystat(source, temporary)


def copy_hashed(source: Path, target: Path) -> str:
    """Copies a file and gives the sha256 of what it wrote, as hexadecimal digits."""
    digest = hashlib.sha256()
    with source.open("rb") as reader, target.open("wb") as writer:
        while chunk := reader.read(COPIED_BYTES):
            digest.update(chunk)
            writer.write(chunk)
    return digest.hexdigest()


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
