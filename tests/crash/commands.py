"""Runs `sentinel` commands, each in a process of its own that can be told to die by kill -9 at an exact point.

A server: it imports what every command needs once, then forks a child for each line on stdin, which is JSON:
    {"home", "arguments", "log", "variables", "kill": [function, nth call, when, match] or null} → the child's number;
        a first argument that ends in .py is a script to run instead of `sentinel`
    {"wait": number} → how it ended, as subprocess tells it; {"wait": number, "now": true} → null while it lives
Of calls whose arguments hold `match`, the nth kills: `before` it, `after` it, `torn` (after it, with the file it wrote
cut in half), or `during` (while it works). Product code knows nothing of this. Of the dbt project, the copy in
tests/slim_project.py is used.
"""

import ctypes
import importlib
import json
import os
import runpy
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

from sentinel_orchestration.settings import Settings
from tests.forked import fork_worker
from tests.slim_project import VARIABLE

PROJECT = Path(os.environ[VARIABLE])


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kill_at(function: str, nth: int, when: str, match: str) -> None:
    """Makes the nth call of `function` the last thing this process does."""
    owner, name = _owner(function)
    original, calls = getattr(owner, name), 0

    def deadly(*positional, **named):
        nonlocal calls
        meant = not match or match in repr((positional, named))
        calls += meant
        if calls != nth or not meant:
            return original(*positional, **named)
        if when == "before":
            _die()
        if when == "during":
            threading.Thread(target=lambda: (time.sleep(0.002), _die())).start()
        original(*positional, **named)
        if when == "torn":
            path = next(p for p in (*positional, *named.values()) if isinstance(p, Path) and p.is_file())
            os.truncate(path, path.stat().st_size // 2)
        return _die()

    for module in list(sys.modules.values()):  # who imported it by name
        if getattr(module, "__name__", "").startswith("sentinel_orchestration") and vars(module).get(name) is original:
            setattr(module, name, deadly)
    setattr(owner, name, deadly)


def _owner(function: str):
    path, _, name = function.rpartition(".")
    try:
        return importlib.import_module(path), name
    except ModuleNotFoundError:
        module, _, kind = path.rpartition(".")
        return getattr(importlib.import_module(module), kind), name


def _command(home, arguments, log, variables, kill) -> None:
    os.environ.update({"SENTINEL_HOME": home} | variables)
    os.chdir(home)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    fork_worker()
    if kill:
        kill_at(*kill)
    if os.geteuid() == 0 and "AS_A_PLAIN_USER" in variables:
        _obey_permissions()
    if arguments[0].endswith(".py"):
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")
        return
    sys.argv = ["sentinel", *arguments]
    from sentinel_orchestration.cli import app

    app()


def _obey_permissions() -> None:
    """Takes from root the capabilities to pass over permissions (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH), children too."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, this process
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; then their upper halves
    drop_from_bounding_set = 24
    for capability in (1, 2):
        libc.prctl(drop_from_bounding_set, capability, 0, 0, 0)
    libc.capget(header, sets)
    for number in range(3):
        sets[number] &= ~0b110
    if libc.capset(header, sets) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _fork(request) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        _command(**request)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _wait(number: int, now: bool = False) -> int | None:
    found, status = os.waitpid(number, os.WNOHANG if now else 0)
    return os.waitstatus_to_exitcode(status) if found else None


if __name__ == "__main__":
    importlib.import_module("tests.preloaded")
    Settings.dbt_dir = property(lambda self: PROJECT)  # type: ignore[assignment,method-assign]
    for line in sys.stdin:
        asked = json.loads(line)
        answer = _wait(asked["wait"], asked.get("now", False)) if "wait" in asked else _fork(asked)
        print(json.dumps(answer), flush=True)
