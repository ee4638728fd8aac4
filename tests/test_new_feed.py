"""A new feed is files only, by hand or drafted from a sample: nothing else changes, and nothing else is needed to build."""

import json
import os
import shutil
import subprocess
import sys
from datetime import date, datetime, timedelta

import duckdb
import polars as pl
import pytest

from conftest import simulate_the_rest
from sentinel_orchestration.settings import PROJECT_DIR
from tests.contracts.new_feed import DOMAIN, FEED, add_feed

PARTS = ("sentinel_orchestration", "dbt", "evidence_reports")
NOT_COPIED = ("__pycache__", "target", "logs", "node_modules", "static")
SENTINEL = "from sentinel_orchestration.cli import app; app()"
FIRST = datetime(2026, 11, 18, 0, 1)
FLASHES = pl.DataFrame(
    {
        "flash_id": [f"F{number:03}" for number in range(200)],
        "seen_at": [f"{FIRST + timedelta(minutes=20 * number):%Y-%m-%dT%H:%M:%SZ}" for number in range(200)],
        "energy_kj": [number / 7 for number in range(200)],
        "kind": ["cloud", "ground: # 'near'", "two\nlines", None] * 50,
    }
)
MASTS = pl.DataFrame(
    {
        "mast_id": [7, 8, 9],
        "height_m": [10.5, 20, None],
        "built": [datetime(2020, 1, 1)] * 3,
        "inspected_at": [datetime(2025, 1, 1, 3), None, None],
    }
)


@pytest.fixture(scope="module")
def sentinel(tmp_path_factory):
    """Runs `sentinel ...` of a copy of the repository, which has one more feed of which there is no data, on a small fleet."""
    code, home = tmp_path_factory.mktemp("code"), simulate_the_rest(tmp_path_factory.mktemp("home"))
    for part in PARTS:
        shutil.copytree(PROJECT_DIR / part, code / part, ignore=shutil.ignore_patterns(*NOT_COPIED))
    shutil.copy(PROJECT_DIR / "dagster.yaml", code)
    add_feed(code)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SENTINEL_", "DAGSTER_"))}
    ours = {"SITES": "2", "TOWERS": "5", "DAYS": "3", "AS_OF": "2026-11-21", "HOME": str(home)}
    variables = {
        **kept,
        **{f"SENTINEL_{name}": value for name, value in ours.items()},
        "PYTHONPATH": str(code),
        "COLUMNS": "200",
    }

    def run(*arguments):
        program = f"import sys; sys.argv = {['sentinel', *map(str, arguments)]}; {SENTINEL}"
        return subprocess.run(
            [sys.executable, "-c", program], env=variables, cwd=code, capture_output=True, text=True, check=False
        )

    run.code, run.home = code, home
    return run


@pytest.fixture(scope="module")
def drafted(sentinel, tmp_path_factory):
    """What the command said when it drafted an event feed from CSV and a snapshot from parquet, in a domain of their own."""
    samples = tmp_path_factory.mktemp("samples")
    FLASHES.write_csv(samples / "flashes.csv")
    MASTS.write_parquet(samples / "masts.parquet")
    said = {}
    for name in ("flashes.csv", "masts.parquet"):
        feed = name.split(".")[0]
        done = sentinel("new-feed", feed, samples / name, "--domain", "weather")
        assert done.returncode == 0, done.stdout + done.stderr
        said[feed] = done.stdout
        assert sentinel("ingest", samples / name, "--feed", feed).returncode == 0
    return said


@pytest.fixture(scope="module")
def release(sentinel, drafted):
    """The release of one build of it all."""
    done = sentinel("build", "--no-report")
    assert done.returncode == 0, done.stdout + done.stderr
    return sentinel.home / "data" / "published" / "current"


def query(release, sql, *values):
    with duckdb.connect(str(release / "sentinel.duckdb"), read_only=True) as connection:
        return connection.execute(sql, values).fetchall()


def test_a_draft_says_what_it_wrote_and_what_is_left(sentinel, drafted):
    written = [line.removeprefix("Wrote ") for line in drafted["flashes"].splitlines() if line.startswith("Wrote ")]
    assert sorted(written) == [
        "dbt/models/exposures/flashes.yml",
        "dbt/models/staging/weather/stg_flashes.sql",
        "dbt/models/staging/weather/stg_flashes.yml",
        "dbt/models/staging/weather/weather_sources.yml",
        "evidence_reports/pages/flashes.md",
        "evidence_reports/sources/sentinel/flashes_daily.sql",
        "sentinel_orchestration/contracts/weather/flashes.odcs.yaml",
    ]
    assert all((sentinel.code / path).is_file() for path in written)
    for said in (
        "key         flash_id",
        "event time  seen_at",
        "units",
        "the owner",
        "--feed flashes",
        "sentinel build",
    ):
        assert said in drafted["flashes"]
    assert "event time  none" in drafted["masts"]
    contract = (sentinel.code / "sentinel_orchestration/contracts/weather/flashes.odcs.yaml").read_text()
    assert contract.count("To be filled in.") > len(FLASHES.columns)
    assert "# Fill in the unit" in contract


def test_a_second_draft_of_the_name_is_refused(sentinel, drafted, tmp_path):
    MASTS.write_parquet(tmp_path / "masts.parquet")
    before = {path: path.read_bytes() for path in sentinel.code.rglob("*weather*/*") if path.is_file()}
    done = sentinel("new-feed", "masts", tmp_path / "masts.parquet", "--domain", "other")
    assert done.returncode == 2
    assert "there is such a feed, in weather" in done.stderr
    assert before == {path: path.read_bytes() for path in sentinel.code.rglob("*weather*/*") if path.is_file()}
    assert not (sentinel.code / "dbt/models/staging/other").exists()


def test_a_feed_without_data_has_tables_which_are_empty(release):
    summary = "select domain, source, rows_received, rows_good from ops.feed_summary where feed = ?"
    assert query(release, summary, FEED) == [(DOMAIN, "absent", 0, 0)]
    checks = dict(query(release, "select check_name, status from ops.check_results where asset = ?", f"silver/{FEED}"))
    assert checks["rows_reconcile"] == "passed"
    assert checks["freshness"] == "skipped"  # no data is not the same as old data


def test_all_rows_of_the_drafted_feeds_are_taken_up(release):
    rows = query(
        release,
        "select feed, kind, source, rows_received, rows_good from ops.feed_summary where domain = 'weather' order by feed",
    )
    assert rows == [("flashes", "event", "inbox", 200, 200), ("masts", "snapshot", "inbox", 3, 3)]
    failed = "select * from ops.check_results where domain = 'weather' and status = 'failed' and blocking"
    assert query(release, failed) == []


def test_the_queries_of_the_drafted_pages_give_their_rows(sentinel, release):
    folder = sentinel.code / "evidence_reports/sources/sentinel"
    days = query(release, (folder / "flashes_daily.sql").read_text())
    assert [(row[0], row[2]) for row in days] == [(date(2026, 11, 18 + n), rows) for n, rows in enumerate((72, 72, 56))]
    assert query(release, (folder / "masts_rows.sql").read_text()) == [
        ("7", 10.5, date(2020, 1, 1), "2025-01-01 03:00:00"),
        ("8", 20.0, date(2020, 1, 1), None),
        ("9", None, date(2020, 1, 1), None),
    ]
    assert query(release, "select * from ops.model_pages where page in ('Flashes', 'Masts')") == [
        ("rpt_masts", "Masts", "/masts/")
    ]


def test_the_rest_is_what_it_was(release, small_home):
    """The other feeds' tables are the same, to the last row."""
    manifests = [
        json.loads((place / "manifest.json").read_text()) for place in (release, small_home.settings.layout.current)
    ]
    theirs, ours = ({k: t["sha256"] for k, t in m["tables"].items() if not k.startswith("ops.")} for m in manifests)
    assert theirs.pop("reports.rpt_masts")
    assert theirs == ours
