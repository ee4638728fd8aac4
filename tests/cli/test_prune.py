"""`sentinel prune`: shows what goes, why and how much it frees, and then does it."""

from pathlib import Path

import pytest

from conftest import Built
from sentinel_orchestration.surplus import size_of
from tests.automation.aged import age
from tests.cli.commands import run_sentinel


@pytest.fixture
def home(small_build) -> Path:
    """A home of which a batch was simulated for a day that is no longer asked for, and runs ended long ago."""
    built: Built = small_build()
    job = built.definitions.resolve_job_def("freshness")
    for _ in range(2):
        assert job.execute_in_process(instance=built.instance).success
    bronze = built.lake.bronze("telemetry")
    day, (record,) = next(iter(built.lake.active("telemetry").items()))
    bronze.select("simulator", [other for other in bronze.active() if other != record], is_provided=False)
    built.settings.layout.silver_file("telemetry", day).unlink()
    for manifest in built.settings.layout.releases.glob("*/manifest.json"):
        manifest.write_text(manifest.read_text().replace(f'"{record.batch_id}"', '"0"'))
    age(built.settings.home)
    return built.settings.home


def test_it_shows_what_would_go_and_then_removes_just_that(home: Path) -> None:
    before = size_of(home / "data")
    shown = run_sentinel(home, "prune", "--dry-run")
    assert shown.returncode == 0, shown.stderr
    rows = [line.strip() for line in shown.stdout.splitlines()]
    assert [row.split("  ")[0] for row in rows] == [
        "would be removed",
        "1 batch of telemetry",
        "1 run of freshness",
        rows[-1],
    ]
    total = rows[-1].removesuffix(" would be freed. Next: sentinel prune")
    assert size_of(home / "data") == pytest.approx(before, rel=0.01)

    done = run_sentinel(home, "prune")
    assert done.returncode == 0, done.stderr
    assert f"{total} freed." in done.stdout
    assert done.stdout.count("✓") == 2
    assert "in no release that is kept" in done.stdout

    again = run_sentinel(home, "prune")
    assert "Nothing to remove: at most 3 releases (SENTINEL_KEEP_RELEASES)" in again.stdout


def test_in_a_home_without_anything_there_is_nothing_to_remove(tmp_path: Path) -> None:
    for arguments in (["prune", "--dry-run"], ["prune"]):
        done = run_sentinel(tmp_path, *arguments)
        assert (done.returncode, done.stdout.count("Nothing to remove")) == (0, 1), done.stderr


def test_what_it_may_not_do_is_said_in_one_line(home: Path) -> None:
    (home / "data/published/current/manifest.json").write_text("{")
    for arguments in (["prune", "--dry-run"], ["prune"]):
        done = run_sentinel(home, *arguments)
        assert done.returncode == 2
        assert "leads to no release that can be read" in done.stderr
        assert "Traceback" not in done.stderr
