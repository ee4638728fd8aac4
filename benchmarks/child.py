"""Runs a command in a process of its own and says what it cost.

Belongs here: wall time, processor time, memory, and the environment children get. Does not belong here: what is run.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

PYTHON = sys.executable
SENTINEL = str(Path(PYTHON).with_name("sentinel"))
REPOSITORY = Path(__file__).resolve().parent.parent
LAST_LINES = 30


class ChildFailedError(RuntimeError):
    """A measured command ended with a status other than 0; the message ends with what it said last."""


@dataclass(frozen=True)
class Cost:
    """What a command took. `peak_rss_mb` is that of its largest process (10^6 bytes)."""

    wall_sec: float
    cpu_sec: float
    peak_rss_mb: float


def run(command: Sequence[str], environment: Mapping[str, str]) -> Cost:
    """Runs `command` to its end. Raises ChildFailedError where its status is not 0."""
    with TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=REPOSITORY, env=dict(environment), stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall_sec = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)  # Popen must not wait for it again
        if process.returncode:
            output.seek(0)
            said = output.read().decode(errors="replace").splitlines()[-LAST_LINES:]
            raise ChildFailedError("\n".join([f"{' '.join(command)} ended with {process.returncode}:", *said]))
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(wall_sec, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6)


def environment(scratch: Path, **settings: object) -> dict[str, str]:
    """The environment of a child: this one without its settings, with `settings` as SENTINEL_* variables.

    Bytecode is kept under `scratch`: compiled by the warm-up whatever this environment says, gone with the scratch.
    """
    dropped = ("SENTINEL_", "DAGSTER_", "DBT_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    ours = {f"SENTINEL_{name.upper()}": str(value) for name, value in settings.items()}
    return kept | ours | {"PYTHONPYCACHEPREFIX": str(scratch / "bytecode"), "DO_NOT_TRACK": "1"}
