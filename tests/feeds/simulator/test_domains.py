"""A new domain is a new folder: the simulator finds it, and no module of the others changes."""

import shutil
import subprocess
import sys
from pathlib import Path

from sentinel_orchestration.feeds import simulator

PACKAGE = Path(*simulator.__name__.split("."))
DOMAIN = """
import polars as pl

EVENT_FEEDS = {"made_up_gusts": lambda world, day, until: pl.DataFrame({"seed": [world.seed], "day": [day]})}
SNAPSHOT_FEEDS = {}
"""
PROGRAM = """
from datetime import date, datetime
from sentinel_orchestration.feeds.simulator import EVENT_FEEDS, World, simulate_day
print(*EVENT_FEEDS)
print(simulate_day("made_up_gusts", World(7, 1, 1), date(2026, 1, 1), datetime(2026, 1, 2)).row(0))
"""


def test_a_new_folder_is_a_new_domain(tmp_path: Path) -> None:
    shutil.copytree(simulator.__path__[0], tmp_path / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    for package in PACKAGE.parents[:-1]:
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / PACKAGE / "made_up").mkdir()
    (tmp_path / PACKAGE / "made_up/__init__.py").write_text(DOMAIN)
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    feeds, row = done.stdout.splitlines()
    assert set(feeds.split()) == {*simulator.EVENT_FEEDS, "made_up_gusts"}
    assert row == "(7, datetime.date(2026, 1, 1))"
