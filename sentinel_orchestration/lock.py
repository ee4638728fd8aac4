"""Locks that the kernel frees when their holder ends, however it ends.

Belongs here: the lock of a build, with waiting and saying who holds it, and short locks. Does not belong here: what is
done under them.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

POLL_SEC = 0.5
_held: dict[Path, IO[str]] = {}


def hold_build_lock(folder: Path, who: str, on_wait: Callable[[str], None]) -> None:
    """Takes the lock of `folder` for the rest of this process, waiting while another process holds it.

    `on_wait` is told once who holds it. Taking it again in the process that holds it changes nothing.
    """
    path = folder.resolve() / "build.lock"
    if path in _held:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a+", encoding="utf-8")
    told = False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if not told:
                on_wait(f"waiting for {_holder(path)} to finish")
                told = True
            time.sleep(POLL_SEC)
    file.seek(0)
    file.truncate()
    since = datetime.now(UTC).isoformat(timespec="seconds")
    file.write(json.dumps({"who": who, "pid": os.getpid(), "since": since}))
    file.flush()
    _held[path] = file


def release_build_lock(folder: Path) -> None:
    """Gives the lock up before the process ends."""
    file = _held.pop(folder.resolve() / "build.lock", None)
    if file:
        file.close()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds the lock file `path` for a moment. Another process that wants it waits without a word."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        return f"{holder['who']} (process {holder['pid']}, since {holder['since']})"
    except (ValueError, KeyError, OSError):
        return "another build"
