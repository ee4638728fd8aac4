"""Full disks, folders nobody may write to, damaged files: one clear line each, nothing lost, and the next build is the same."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from sentinel_orchestration.publish.manifest import damage

WAREHOUSE = "data/warehouse/sentinel.duckdb"
HEADERS, BLOCK, CHECKSUM = (
    12_288,
    262_144,
    8,
)  # bytes of a DuckDB file's headers, of each block, and of a block's checksum


def _is_told(run, *said):
    """A failure that is explained in one line, without a traceback."""
    assert run.status in (1, 2), run.said
    assert "Traceback" not in run.said, run.said
    [line] = [
        line for line in run.said.splitlines() if line.startswith("sentinel: ") or "Nothing was released." in line
    ]
    for part in said:
        assert part in line


# Folder on a device of its own, its size in bytes, and whether it holds what was there before.
FULL = [
    ("bronze", 16_384, False),
    ("silver", 16_384, False),
    ("warehouse", 1_048_576, False),
    ("published", 1_048_576, True),
    ("dagster", 2_097_152, False),
]


def full_disks(home, undisturbed):
    if not _can_mount(home.path):
        _run_in_a_namespace("full_disks", home.path)
        return
    undisturbed.copy_to(home)
    home.hour = undisturbed.hours[1]
    for folder, size, is_filled in FULL:
        place = home.path / "data" / folder
        held = home.path.parent / folder
        shutil.copytree(place, held, symlinks=True)
        size += _bytes(held) if is_filled else 0
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", place], check=True)
        try:
            if is_filled:
                shutil.copytree(held, place, symlinks=True, dirs_exist_ok=True)
            _is_told(home.start().wait(), "No space left on device", f"{place} has", "MB free")
            assert home.content() == undisturbed.contents[0]
        finally:
            home.processes()
            subprocess.run(["umount", place], check=True)
        assert home.content() == undisturbed.contents[0]
        assert damage(home.current) is None
    assert home.build() == undisturbed.contents[1]
    assert home.leftovers() == []


def _bytes(folder) -> int:
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _can_mount(place, *within) -> bool:
    try_it = ["sh", "-c", 'mount -t tmpfs none "$1" && umount "$1"', "sh", place]
    return subprocess.run([*within, *try_it], capture_output=True).returncode == 0


def _run_in_a_namespace(test, place) -> None:
    """The same test where this user may mount.

    Skipped where nobody lets it (a container without privileges): nothing but a device of its own gives the error of a
    full disk. A limit on the size of files gives another one, and a quota takes more rights than a mount.
    """
    namespace = ["unshare", "--map-root-user", "--mount"]
    if not shutil.which("unshare") or not _can_mount(place, *namespace):
        pytest.skip("mounting a small disk takes root's rights, or unshare with user namespaces")
    command = [*namespace, sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-k", test, __file__]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


# What may not be written to (or read), which the message names; in the order in which a build comes to it.
FORBIDDEN = [
    "data/bronze/sites/_batches",
    "data/silver/sites",
    "data/warehouse",
    "data/dagster/history/runs.db",
    "data/published/releases",
    "inbox/telemetry",
]


def folders_that_may_not_be_used(home, undisturbed):
    undisturbed.copy_to(home)
    home.hour = undisturbed.hours[1]
    for forbidden in FORBIDDEN:
        place = home.path / forbidden
        mode = place.stat().st_mode
        place.chmod(0o000 if "inbox" in forbidden else 0o555)
        try:
            _is_told(home.start(AS_A_PLAIN_USER="1").wait(), str(place), "Permission denied")
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


def _spoil_rows(path: Path, table: str = "marts.fct_fleet_health_daily") -> None:
    """Writes into a block that holds rows of the table, which opening the file does not look at."""
    with duckdb.connect(str(path), read_only=True) as connection:
        query = f"select max(block_id) from pragma_storage_info('{table}')"
        ((block,),) = connection.execute(query).fetchall()
    with path.open("r+b") as file:
        file.seek(HEADERS + block * BLOCK + CHECKSUM)
        file.write(b"x" * 64)


# Path, damage, what the message says, and what it says to remove.
DAMAGED = [
    ("data/bronze/sites/_batches/*.json", _cut, "is damaged. Remove it", None),
    ("data/bronze/telemetry/_batches/*.json", _cut, "its batch is received again", None),
    ("data/silver/sites/part.parquet", _cut, "made again from bronze", None),
    ("data/bronze/towers/*.parquet", _cut, "damaged parquet", "data/bronze/towers"),
    ("data/bronze/towers/*.parquet", Path.unlink, "a file was changed or lost", "data/bronze/towers"),
    ("data/dagster/schedules/schedules.db", _garble, "only the history of runs is lost", "data/dagster"),
    ("data/dagster/history/runs.db", _garble, "only the history of runs is lost", "data/dagster"),
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
    WAREHOUSE: _garble,
    "data/published/current/sentinel.duckdb": _garble,
    "data/dbt/lineage.json": _cut,
    "data/dagster/dagster.yaml": _cut,
    "data/dagster/history/runs/????????-*.db": _garble,
    "data/dagster/history/runs/index.db*": Path.unlink,
}


def damaged_files_are_made_again(home, undisturbed):
    undisturbed.copy_to(home)
    for pattern, harm in REPAIRED.items():
        found = list(home.path.glob(pattern))
        assert found, pattern
        for path in found:
            harm(path)
    assert home.build() == undisturbed.contents[0]  # the same id, and published all the same
    assert "Every table is rebuilt from silver; nothing is lost" in home.runs[-1].said
    assert damage(home.current) is None
    assert home.leftovers() == []


def a_damaged_warehouse_is_rebuilt(home, undisturbed):
    undisturbed.copy_to(home)
    warehouse = home.path / WAREHOUSE
    _cut(warehouse)
    assert home.build() == undisturbed.contents[0]
    assert f"{warehouse} cannot be read" in home.runs[-1].said
    _spoil_rows(warehouse)
    _is_told(home.start().wait(), f"{warehouse} was damaged", "Run the same again: it is rebuilt from silver")
    assert home.content() == undisturbed.contents[0]
    home.hour = undisturbed.hours[1]
    shutil.rmtree(warehouse.parent)  # all of it may be removed, too
    assert home.build() == undisturbed.contents[1]
    assert home.leftovers() == []


@pytest.mark.parametrize(
    "scenario",
    [
        folders_that_may_not_be_used,
        full_disks,
        damaged_files_are_named,
        a_damaged_warehouse_is_rebuilt,
        damaged_files_are_made_again,
    ],
    ids=lambda scenario: scenario.__name__,
)
def test_hostile_places(two_by_two, scenario):
    two_by_two[scenario].result()
