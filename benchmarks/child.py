"""Runs a command in its own process, and says what it cost."""

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
    """A measured command exited with a status other than 0; the message ends with the last lines it printed."""


@dataclass(frozen=True)
class Cost:
    """What a command took. `peak_rss_mb` is the peak of its largest process (10^6 bytes)."""

    wall_sec: float
    cpu_sec: float
    peak_rss_mb: float


def run(command: Sequence[str], environment: Mapping[str, str]) -> Cost:
    """Runs `command` to its end. Raises ChildFailedError if its status is not 0."""
    with TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=REPOSITORY, env=dict(environment), stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall_sec = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)  # Popen must not wait for it again
        if process.returncode:
            output.seek(0)
            last = output.read().decode(errors="replace").splitlines()[-LAST_LINES:]
            raise ChildFailedError("\n".join([f"{' '.join(command)} exited with {process.returncode}:", *last]))
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(wall_sec, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6)


def environment(**settings: object) -> dict[str, str]:
    """The environment of a child: this one without its settings, with `settings` as SENTINEL_* variables.

    Bytecode is written whatever this environment says, so that the warm-up compiles what is not compiled yet.
    dbt's command line asks PyPI for its newest version; the proxy refuses at once, so that no figure depends on the network.
    """
    dropped = ("SENTINEL_", "DAGSTER_", "DBT_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    ours = {f"SENTINEL_{name.upper()}": str(value) for name, value in settings.items()}
    fixed = {
        "PATH": f"{Path(PYTHON).parent}{os.pathsep}{os.environ['PATH']}",  # as in an activated environment
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "DO_NOT_TRACK": "1",
    }
    return kept | ours | fixed
