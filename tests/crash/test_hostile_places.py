"""Full disks, folders nobody may write to, damaged files: one clear line each, nothing lost, and the next build is the same."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sentinel_orchestration.warehouse.published import damage


def _is_told(run, *said):
    """A failure that is told in one line, and no traceback."""
    assert run.status in (1, 2), run.said
    assert "Traceback" not in run.said, run.said
    [line] = [
        line for line in run.said.splitlines() if line.startswith("sentinel: ") or "Nothing was published." in line
    ]
    for part in said:
        assert part in line


# Folder on a device of its own, its size.
FULL = [("bronze", "16k"), ("silver", "16k"), ("build", "1m"), ("dagster", "2m")]


def full_disks(home, undisturbed):
    if os.geteuid() != 0:
        _run_in_a_namespace("full_disks")
        return
    undisturbed.copy_to(home)
    home.hour = undisturbed.hours[1]
    for folder, size in FULL:
        place = home.path / "data" / folder
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", place], capture_output=True, text=True
        )
        if mounted.returncode:
            pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr}")
        try:
            _is_told(
                home.start().wait(),
                "No space left on device",
                f"{place} has",
                "MB free",
            )
        finally:
            home.processes()
            subprocess.run(["umount", place], check=True)
        assert home.content() == undisturbed.contents[0]
        assert damage(home.current) is None
    assert home.build() == undisturbed.contents[1]
    assert home.leftovers() == []


def _run_in_a_namespace(test) -> None:
    """The same test where this user may mount."""
    namespace = ["unshare", "--map-root-user", "--mount"]
    if not shutil.which("unshare") or subprocess.run([*namespace, "true"], capture_output=True).returncode:
        pytest.skip("mounting a small disk takes root, or unshare with user namespaces")
    command = [*namespace, sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-k", test, __file__]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


# What may not be written to (or read), and what the message names; in the order in which a build comes by.
FORBIDDEN = [
    ("data/bronze/sites/_batches", "data/bronze/sites/_batches"),
    ("data/silver/sites", "data/silver/sites"),
    ("data/build", "data/build"),
    ("data/dagster/history/runs.db", "data/dagster/history/runs.db"),
    ("data/published/builds", "data/published/builds"),
    ("inbox/telemetry", "inbox/telemetry"),
]


def folders_that_may_not_be_used(home, undisturbed):
    undisturbed.copy_to(home)
    home.hour = undisturbed.hours[1]
    for forbidden, named in FORBIDDEN:
        place = home.path / forbidden
        mode = place.stat().st_mode
        place.chmod(0o000 if "inbox" in forbidden else 0o555)
        try:
            _is_told(home.start(AS_A_PLAIN_USER="1").wait(), f"{home.path / named}", "Permission denied")
        finally:
            for path in place.parent.glob(f"{place.name}*"):  # what SQLite puts beside its file has the file's mode
                path.chmod(mode)
        assert home.content() == undisturbed.contents[0]
    # Neither a home folder nor a folder for temporary files is needed.
    assert home.build(HOME="/nonexistent", TMPDIR="/nonexistent", AS_A_PLAIN_USER="1") == undisturbed.contents[1]


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _garble(path: Path) -> None:
    path.write_bytes(b"x" * path.stat().st_size)


# Path, damage, what the message says, and what it says to remove.
DAMAGED = [
    ("data/bronze/sites/_batches/*.json", _cut, "is damaged. Remove it", None),
    ("data/bronze/telemetry/_batches/*.json", _cut, "counts as received last", None),
    ("data/silver/sites/part.parquet", _cut, "made anew from bronze", None),
    ("data/bronze/towers/*.parquet", _cut, "a parquet file is damaged", "data/bronze/towers"),
    ("data/bronze/towers/*.parquet", Path.unlink, "a file was changed or lost", "data/bronze/towers"),
    ("data/dagster/schedules/schedules.db", _garble, "only the history of runs starts anew", "data/dagster"),
    ("data/dagster/history/runs.db", _garble, "only the history of runs starts anew", "data/dagster"),
]


def damaged_files_are_named(home, undisturbed):
    undisturbed.copy_to(home)
    for pattern, harm, said, removed in DAMAGED:
        if not list(home.path.glob(pattern)):
            shutil.rmtree(home.path)
            undisturbed.copy_to(home)
        [path] = list(home.path.glob(pattern))
        harm(path)
        if "bronze" in pattern:  # else what was made of it before is used
            shutil.rmtree(home.path / "data" / "silver" / path.relative_to(home.path / "data" / "bronze").parts[0])
        named = home.path / removed if removed else path
        _is_told(home.start().wait(), said, str(named))
        assert home.content() == undisturbed.contents[0]
        shutil.rmtree(named) if named.is_dir() else named.unlink()
    home.hour = undisturbed.hours[1]
    assert home.build() == undisturbed.contents[1]


REPAIRED = {
    "data/published/current/sentinel.duckdb": _garble,
    "data/dbt/lineage.json": _cut,
    "data/dbt/parse/manifest.json": _cut,
    "data/dbt/parse/partial_parse.msgpack": _cut,
    "data/dagster/dagster.yaml": _cut,
    "data/dagster/history/runs/????????-*.db": _garble,
    "data/dagster/history/runs/index.db*": Path.unlink,
}


def damaged_files_are_made_anew(home, undisturbed):
    undisturbed.copy_to(home)
    for pattern, harm in REPAIRED.items():
        found = list(home.path.glob(pattern))
        assert found, pattern
        for path in found:
            harm(path)
    assert home.build() == undisturbed.contents[0]  # the same id, and published all the same
    assert "sentinel.duckdb cannot be read" in home.runs[-1].said
    assert "Everything is built anew" in home.runs[-1].said
    assert damage(home.current) is None
    assert home.leftovers() == []


@pytest.mark.parametrize(
    "scenario",
    [folders_that_may_not_be_used, full_disks, damaged_files_are_named, damaged_files_are_made_anew],
    ids=lambda scenario: scenario.__name__,
)
def test_hostile_places(two_by_two, scenario):
    two_by_two[scenario].result()
