"""Same batches, same `as_of`: the same published rows, however, wherever and how often they were built.

The fleet's telemetry is submitted: one file per day, late corrections, a file taken back. Its other feeds are simulated.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from conftest import build_everything, definitions_of, simulate_the_rest
from sentinel_orchestration.automation.verify import CannotVerifyError, verify
from sentinel_orchestration.cli.verify import verify_command
from sentinel_orchestration.feeds.simulator import World, simulate_day
from sentinel_orchestration.settings import PROJECT_DIR, Settings

SENTINEL = Path(sys.executable).with_name("sentinel")
SITES, TOWERS, DAYS = 2, 5, 3
WORLD = World(seed=42, sites=SITES, towers=TOWERS)
MOMENTS = [datetime(2026, 3, 4, 18), datetime(2026, 3, 5), datetime(2026, 3, 5, 12)]
FILE = "data/published/current/sentinel.duckdb"

# Another place: few of the machine's cores and processor features, another locale, zone, umask, hash seed, folder.
FOREIGN = """
import os, runpy, sys
os.umask(0o077)
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
sys.argv = ["sentinel", "build", "--no-report"]
runpy.run_module("sentinel_orchestration.cli", run_name="__main__")
"""


def submit(home: Path, name: str, frame: pl.DataFrame, order: int) -> Path:
    path = simulate_the_rest(home) / "inbox" / "telemetry" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(path)
    os.utime(path, (1_700_000_000 + order, 1_700_000_000 + order))
    return path


def telemetry(day: int, until: datetime) -> pl.DataFrame:
    return simulate_day("telemetry", WORLD, date(2026, 3, day), until)


def build(home: Path, as_of: datetime) -> dict:
    built = build_everything(Settings(home=home, as_of=as_of, sites=SITES, towers=TOWERS, days=DAYS))
    built.instance.dispose()
    assert built.outcome.succeeded, built.outcome.error
    return manifest_of(home)


def manifest_of(home: Path) -> dict:
    return json.loads((home / FILE).with_name("manifest.json").read_text())


def environment(home: Path, **variables: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SENTINEL_", "DAGSTER_"))}
    return kept | {"SENTINEL_HOME": str(home), "COLUMNS": "200"} | variables


def files_of(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module", autouse=True)
def _slim(slim_project: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Settings, "dbt_dir", property(lambda self: slim_project))
        yield


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that was built three times, while time went on and files came, were corrected and went."""
    home = tmp_path_factory.mktemp("grown")
    first = telemetry(2, MOMENTS[0])
    submit(home, "2.parquet", first, 0)
    spare = submit(home, "spare.parquet", telemetry(3, MOMENTS[0]).head(30).with_columns(cpu_pct=1.0), 1)
    build(home, MOMENTS[0])
    submit(home, "3.parquet", telemetry(3, MOMENTS[1]), 2)
    submit(home, "4.parquet", telemetry(4, MOMENTS[1]).sample(fraction=1, shuffle=True, seed=1), 3)
    build(home, MOMENTS[1])
    submit(home, "late.parquet", first.tail(40).with_columns(mem_pct=pl.col("mem_pct") / 3), 4)
    spare.unlink()
    assert build(home, MOMENTS[2])["previous_release_id"]
    return home


@pytest.fixture(scope="module")
def content(grown: Path) -> str:
    """The content hash of what is published there."""
    return manifest_of(grown)["content_sha256"]


def test_step_by_step_here_equals_at_once_in_another_place(grown: Path, content: str, tmp_path: Path) -> None:
    code, home = tmp_path / "it's a çopy", tmp_path / "şehir's fleet"
    for part in ("sentinel_orchestration", "dbt"):
        shutil.copytree(PROJECT_DIR / part, code / part, ignore=shutil.ignore_patterns("__pycache__", "target", "logs"))
    shutil.copy(PROJECT_DIR / "dagster.yaml", code)
    shutil.copytree(grown / "inbox", simulate_the_rest(home) / "inbox")
    known = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=True).stdout.split()
    variables = {"LC_ALL": "tr_TR.utf8" if "tr_TR.utf8" in known else "C", "TZ": "Asia/Kathmandu"}
    variables |= {"PYTHONPATH": str(code), "PYTHONHASHSEED": "7", "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
    variables |= {"SENTINEL_AS_OF": "2026-03-05T12:00", "SENTINEL_GATE_CHUNK_ROWS": "50"}
    variables |= {"SENTINEL_SITES": str(SITES), "SENTINEL_TOWERS": str(TOWERS), "SENTINEL_DAYS": str(DAYS)}
    command = [sys.executable, "-c", FOREIGN]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(home, **variables), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    manifest = manifest_of(home)
    assert manifest["git_revision"] == "unknown"  # the copy has no .git: it was the copy that built
    assert manifest["content_sha256"] == content
    assert (home / FILE).stat().st_mode & 0o077 == 0


def test_verify_finds_the_same_whatever_the_inbox_holds_now(grown: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(grown, home, symlinks=True)
    submit(home, "5.parquet", telemetry(5, MOMENTS[2]), 5)
    (home / "inbox" / "telemetry" / "3.parquet").unlink()
    before = {name: files_of(home / "data" / name) for name in ("bronze", "silver", "published", "dagster")}

    done = subprocess.run([SENTINEL, "verify"], capture_output=True, text=True, env=environment(home), check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Same." in done.stdout
    assert done.stdout.count("✓ same") == len([t for t in manifest_of(home)["tables"] if not t.startswith("ops.")])
    assert {name: files_of(home / "data" / name) for name in before} == before
    assert not (home / "data" / "verify").exists()


def test_verify_names_the_table_that_is_not_what_was_published(
    grown: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    shutil.copytree(grown, home, symlinks=True)
    with duckdb.connect(str((home / FILE).resolve())) as connection:
        connection.execute(
            "update marts.dim_tower set model = 'X' where tower_id = (select min(tower_id) from marts.dim_tower)"
        )
    path = (home / FILE).with_name("manifest.json")
    manifest = manifest_of(home)
    manifest["made_by"]["gate"] = "0"
    manifest["tables"]["marts.dim_site"]["sha256"] = "0" * 64
    path.write_text(json.dumps(manifest))
    monkeypatch.setenv("SENTINEL_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "200")

    assert verify_command() == 1

    said = capsys.readouterr().out
    lines = {line.split()[0]: line for line in said.splitlines() if line.startswith(("marts.", "reports."))}
    assert "changed since it was published: 1 rows only published, 1 only rebuilt" in lines.pop("marts.dim_tower")
    assert "changed since it was published" in lines.pop("marts.dim_site")
    assert all("✓ same" in line for line in lines.values())
    assert f"2 of {len(lines) + 2} tables" in said
    assert "Other code made it" in said
    assert "gate (0 → " in said
    assert "sentinel build" in said


@pytest.mark.parametrize("what", ["record", "rows"])
def test_verify_says_which_batch_is_gone(grown: Path, tmp_path: Path, what: str) -> None:
    shutil.copytree(grown, tmp_path, symlinks=True, dirs_exist_ok=True)
    batch = manifest_of(tmp_path)["batches"]["telemetry"][-1]
    pattern = {"record": f"telemetry/_batches/{batch}.json", "rows": f"telemetry/day=*/{batch}-0.parquet"}[what]
    for path in (tmp_path / "data/bronze").glob(pattern):
        path.unlink()
    with pytest.raises(CannotVerifyError, match=rf"no longer holds 1 of the batches .*: telemetry {batch}\."):
        verify(Settings(home=tmp_path), definitions_of, lambda entry: None, print)
    assert not (tmp_path / "data/verify").exists()


def without_batches(manifest: dict) -> dict:
    return {name: value for name, value in manifest.items() if name != "batches"}


def of_fewer_feeds(manifest: dict) -> dict:
    return manifest | {"batches": {feed: ids for feed, ids in manifest["batches"].items() if feed != "sites"}}


@pytest.mark.parametrize(
    ("change", "rows", "said"),
    [
        (without_batches, None, "There is no release to verify"),
        (of_fewer_feeds, None, "other feeds: sites came or went"),
        (dict, b"not a DuckDB file", "cannot be read"),
    ],
)
def test_verify_says_what_is_wrong_with_the_release(grown: Path, tmp_path: Path, change, rows, said: str) -> None:
    shutil.copytree(grown / "data/published", tmp_path / "data/published", symlinks=True)
    (tmp_path / FILE).with_name("manifest.json").write_text(json.dumps(change(manifest_of(tmp_path))))
    if rows:
        (tmp_path / FILE).write_bytes(rows)
    with pytest.raises(CannotVerifyError, match=said):
        verify(Settings(home=tmp_path), definitions_of, lambda entry: None, print)


@pytest.mark.parametrize("after_sec", [0, 0.3], ids=["as dbt starts", "between two queries of dbt"])
def test_ctrl_c_leaves_nothing_behind(grown: Path, after_sec: float) -> None:
    before = {name: files_of(grown / "data" / name) for name in ("bronze", "silver", "published")}
    process = subprocess.Popen(
        [SENTINEL, "verify"], env=environment(grown), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    scratch, end = grown / "data" / "verify", time.monotonic() + 120
    while not list(scratch.glob("data/warehouse/sentinel.duckdb")):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    time.sleep(after_sec)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert not scratch.exists()
    assert {name: files_of(grown / "data" / name) for name in before} == before
