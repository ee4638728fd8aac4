"""Whether a path is a file that can be read as data at all: pipes, links, permissions, names, compression, encoding."""

import os
from pathlib import Path

COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
    b"\x78\x01": "zlib",
    b"\x78\x9c": "zlib",
    b"\x78\xda": "zlib",
}
OTHER_KINDS = {
    b"PARE": "an encrypted parquet file. Export it without encryption",
    b"ARROW1": "an Arrow (Feather) file. Export it as parquet",
    b"FEA1": "a Feather file. Export it as parquet",
    b"ORC": "an ORC file. Export it as parquet",
    b"Obj\x01": "an Avro file. Export it as parquet",
    b"SQLite format 3\0": "a SQLite database. Export its table as CSV",
    b"\xd0\xcf\x11\xe0": "an Excel file. Save it as CSV",
    b"%PDF": "a PDF. Submit the data it was made from",
}
TABLES = {"_delta_log": "Delta Lake", "metadata/*.metadata.json": "Iceberg"}  # what is in the folder of a table
HEAD_BYTES = 2**16


class BatchRefusedError(ValueError):
    """A file that cannot be used as a whole; the message names the file, the rule and the fix."""


def shown(path: Path | str) -> str:
    """A path that can be printed and stored: bytes of its name that are not UTF-8 are escaped."""
    return os.fsencode(path).decode("utf-8", errors="backslashreplace")


def check_openable(path: Path) -> None:
    """Raises BatchRefusedError unless `path` is a file that can be opened, and stands for itself.

    A pipe is never opened: that would wait forever for a writer.
    """
    name = shown(path.name)
    if name != path.name:
        raise BatchRefusedError(f"{name}: its name is not UTF-8. Rename it.")
    try:
        if path.is_dir():
            raise BatchRefusedError(
                f"{name}: is a link to a folder. Link to its files, or put the folder itself there."
            )
        if path.is_symlink() and not path.exists():
            raise BatchRefusedError(f"{name}: links to {path.readlink()}, which does not exist. Fix the link.")
        if not path.exists():
            raise BatchRefusedError(f"{path}: no such file. Check the path.")
        if not path.is_file():
            raise BatchRefusedError(f"{name}: is a pipe, socket or device. Submit a regular file.")
        with path.open("rb"):
            pass
    except OSError as error:
        raise BatchRefusedError(
            f"{name}: cannot be opened ({error.strerror}). Let the user who runs Sentinel read it."
        ) from error
    _check_alone(path)


def _check_alone(path: Path) -> None:
    """Raises BatchRefusedError for a file of a table whose log says which of its files count, and which rows of them."""
    for folder in path.resolve().parents:
        kind = next((kind for sign, kind in TABLES.items() if next(folder.glob(sign), None)), None)
        if kind:
            raise BatchRefusedError(
                f"{shown(path.name)}: is part of the {kind} table {shown(folder.name)}, whose log says which files and rows "
                "count. Export the table's rows to a parquet file, and submit that."
            )


def check_kind(path: Path) -> None:
    """Raises BatchRefusedError if the file's first bytes are those of a kind that is not read.

    Compressed files are refused because they could unpack to any size.
    """
    head = _head(path)
    packed = next((kind for magic, kind in COMPRESSED.items() if head.startswith(magic)), None)
    if packed:
        raise BatchRefusedError(f"{path.name}: is compressed ({packed}). Unpack it and submit its contents.")
    other = next((kind for magic, kind in OTHER_KINDS.items() if head.startswith(magic)), None)
    if other:
        raise BatchRefusedError(f"{path.name}: is {other}.")


def check_text(path: Path) -> None:
    """Raises BatchRefusedError if the file's first bytes show that its lines cannot be read as they are."""
    head = _head(path)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head[:4]:
        raise BatchRefusedError(f"{path.name}: is UTF-16 or UTF-32, not UTF-8. Save it as UTF-8.")
    if b"\n" not in head and b"\r" in head:
        raise BatchRefusedError(f"{path.name}: its lines end in CR alone. Save it with LF or CRLF line endings.")


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)
