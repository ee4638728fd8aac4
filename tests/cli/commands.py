"""The command as a person runs it."""

import os
import subprocess
import sys
from pathlib import Path

SENTINEL = Path(sys.executable).with_name("sentinel")


def variables_of(home: Path, **variables: str) -> dict[str, str]:
    """The environment for a command on a home, with no other of our variables than `variables`."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("SENTINEL_", "DAGSTER_"))}
    return environment | {"SENTINEL_HOME": str(home), "COLUMNS": "200"} | variables


def run_sentinel(home: Path, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, on a home, with no other of our variables than `variables`."""
    environment = variables_of(home, **variables)
    return subprocess.run(
        [SENTINEL, *map(str, arguments)], capture_output=True, text=True, env=environment, timeout=300
    )
