"""Whether a path is a file that can be opened as data at all, told before anything reads it.

Belongs here: pipes, links, permissions, names, and bytes that are no text of ours. Does not belong here: rows (readers).
"""

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
HEAD_BYTES = 2**16


class BatchRefusedError(ValueError):
    """A file whose shape cannot be used at all; the message names the file, the rule and the mend."""


def shown(path: Path | str) -> str:
    """A path as it can be printed and kept: bytes of its name that are not UTF-8 are written out."""
    return os.fsencode(path).decode("utf-8", errors="backslashreplace")


def check_openable(path: Path) -> None:
    """Raises BatchRefusedError unless `path` is a file that can be opened.

    A pipe is never opened: that would wait for a writer for ever.
    """
    name = shown(path.name)
    if name != path.name:
        raise BatchRefusedError(f"{name}: its name is not UTF-8. Rename it.")
    try:
        if path.is_dir():
            raise BatchRefusedError(f"{name}: links to a folder. Link to its files, or put the folder itself there.")
        if path.is_symlink() and not path.exists():
            raise BatchRefusedError(f"{name}: links to {path.readlink()}, which is not there. Mend the link.")
        if not path.exists():
            raise BatchRefusedError(f"{path}: no such file. Check the path.")
        if not path.is_file():
            raise BatchRefusedError(f"{name}: is a pipe, socket or device. Hand in a file.")
        with path.open("rb"):
            pass
    except OSError as error:
        raise BatchRefusedError(
            f"{name}: cannot be opened ({error.strerror}). Let the user that runs Sentinel read it."
        ) from error


def check_text(path: Path) -> None:
    """Raises BatchRefusedError where the file's first bytes show that its lines cannot be read as they are.

    Compressed files are refused because what they unpack to has no bound.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    packed = next((kind for magic, kind in COMPRESSED.items() if head.startswith(magic)), None)
    if packed:
        raise BatchRefusedError(f"{path.name}: is compressed ({packed}). Unpack it and hand in what it holds.")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head[:4]:
        raise BatchRefusedError(f"{path.name}: is UTF-16 or UTF-32, not UTF-8. Save it as UTF-8.")
    if b"\n" not in head and b"\r" in head:
        raise BatchRefusedError(
            f"{path.name}: its lines end in CR alone. Save it with LF or CRLF at the end of a line."
        )
