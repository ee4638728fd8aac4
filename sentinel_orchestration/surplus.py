"""Something that may be removed: what every kind of thing that piles up says of what is too much of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Surplus:
    """One or more things that nothing needs: `what` they are, `why` they may go, and how many bytes that frees.

    `remove` leaves nothing in part: where it is killed, the next attempt finds the rest. What came into use since they were
    found stays.
    """

    what: str
    why: str
    size_bytes: int
    remove: Callable[[], None]


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files below a folder; 0 for what is gone. A link counts as itself."""
    if path.is_dir() and not path.is_symlink():
        return sum(size_of(found) for found in path.iterdir())
    return path.lstat().st_size if path.is_symlink() or path.exists() else 0
