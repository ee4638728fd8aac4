"""What a terminal shows while `sentinel build` works."""

import os
import pty
import re
import shutil
import subprocess
import sys
import termios
from pathlib import Path

from sentinel_orchestration.cli.progress import step_count

SENTINEL = Path(sys.executable).with_name("sentinel")
STEP_AND_COUNT = re.compile(r"((?:bronze|silver)/\w+|\w+ checks|dbt: \d+ of \d+).* \d+/\d+ ")


def test_a_terminal_shows_the_bar_while_steps_work(small_home, tmp_path):
    """Dagster takes stdout away from the process for the time of a step."""
    shutil.copytree(small_home.settings.home, tmp_path, symlinks=True, dirs_exist_ok=True)
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    variables = {"SENTINEL_HOME": str(tmp_path), "SENTINEL_AS_OF": "2026-11-21T00:00", "TERM": "xterm"}
    process = subprocess.Popen(
        [SENTINEL, "build", "--no-report", "--towers", "5", "--days", "3"],
        env={**os.environ, **variables, "SENTINEL_SITES": "2"},
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", _read_to_end(ours)).replace("\r", "\n")
    assert process.wait(timeout=60) == 0, shown
    frames = [STEP_AND_COUNT.search(line) for line in shown.splitlines()]
    steps = [found.group(1).split()[0] for found in frames if found]
    assert {"dbt:"} < set(steps), shown
    bars = [line for line in shown.splitlines() if f"/{step_count(with_report=False)} " in line]
    assert bars
    assert all(len(line) <= 80 for line in bars)
    assert "Published." in shown


def _read_to_end(terminal: int) -> str:
    said = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # how Linux tells that the other side has closed it
            return said.decode()
        said += part
