"""The harness runs from end to end on a tiny fleet and measures what it promises. No time is asserted: machines differ.

It runs in a copy of the code with the dbt project of few tests: each of its four builds would run all of them.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SIZES = {"towers": 4, "days": 2, "repeats": 1, "gate-rows": 5_000, "loop-rows": 500, "report-repeats": 0}


@pytest.fixture
def code(slim_project: Path, tmp_path: Path) -> Path:
    """The copy, in which nothing has been parsed yet."""
    copy = tmp_path / "code"
    without = shutil.ignore_patterns("__pycache__", "target", "logs", "results")
    for part in (ROOT / "sentinel_orchestration", ROOT / "benchmarks", slim_project):
        shutil.copytree(part, copy / part.name, ignore=without)
    shutil.copy(ROOT / "dagster.yaml", copy)
    return copy


def test_a_quick_run_on_a_tiny_fleet_gives_a_table_and_json(code: Path, tmp_path: Path) -> None:
    sizes = [part for name, value in SIZES.items() for part in (f"--{name}", str(value))]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--cold", *sizes, "--results", str(tmp_path / "results")],
        cwd=code,
        env=os.environ | {"PYTHONPATH": str(code)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (kept,) = (tmp_path / "results").glob("*.json")
    body = json.loads(kept.read_text(encoding="utf-8"))
    assert set(body) == {"taken_at", "git_revision", "machine", "plan", "figures"}
    assert body["machine"]["cores"] >= 1
    limited = {figure["name"] for figure in body["figures"] if figure["limit"] is not None}
    assert limited == {
        "sentinel --help",
        "loading the definitions",
        "generator / pydantic loop, generating",
        "gate / pydantic loop, gating",
        "stock graph / graph, wall time",
        "graph / plain script, wall time",
    }
    (stock,) = (figure for figure in body["figures"] if figure["name"] == "stock graph" and figure["unit"] == "s")
    assert "unit tests" in stock["note"]
    assert stock["note"] in done.stdout
    shares = [figure for figure in body["figures"] if figure["group"].startswith("shares")]
    *parts, whole = (figure["value"] for figure in shares)
    assert abs(sum(parts) - whole) < 1e-6
    assert all(figure["name"] in done.stdout for figure in shares)
