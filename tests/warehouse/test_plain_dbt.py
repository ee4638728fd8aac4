"""dbt by itself, as people and editors call it: in dbt/, with nothing set."""

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from sentinel_orchestration.layout import PLACEHOLDER_DAY
from tests.warehouse.small_silver import CONTRACTS, DBT_DIR, EVENT_FEEDS, Home, as_user

BIN = Path(sys.executable).parent


def command(folder: Path, *arguments: str, **variables: str) -> str:
    """What a command of our environment says, run in `folder`; fails where it fails."""
    done = subprocess.run(
        [BIN / arguments[0], *arguments[1:]],
        cwd=folder,
        env={**as_user(), **variables},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def dbt(home: Home, *arguments: str) -> str:
    return command(home.project, "dbt", "--no-use-colors", *arguments)


def test_every_command_works_in_a_fresh_clone(built: Home, tmp_path: Path) -> None:
    """From `sentinel init` on, without rows and with them; the tables are those that Dagster makes of the same silver."""
    clone = Home(tmp_path / "it's a clone", project=tmp_path / "it's a clone" / "dbt")
    shutil.copytree(DBT_DIR, clone.project, ignore=shutil.ignore_patterns("target", "logs"))
    command(tmp_path, "sentinel", "init", SENTINEL_HOME=str(clone.path))
    for feed, contract in CONTRACTS.items():
        (file,) = (clone.layout.silver / feed).rglob("*.parquet")
        assert list(pl.read_parquet_schema(file)) == [column.name for column in contract.columns]

    now = datetime.now(UTC).replace(tzinfo=None)
    for feed in EVENT_FEEDS:
        clone.write(feed, pl.DataFrame({CONTRACTS[feed].event_time: [now]}), now.date())
    for target in ("mem", "dev"):
        assert dbt(clone, "source", "freshness", "--target", target).count("PASS freshness") == len(EVENT_FEEDS)
    for feed in EVENT_FEEDS:
        clone.remove(feed, now.date())
    dbt(clone, "parse")
    assert "ERROR=0" in dbt(clone, "build")
    assert clone.mart("fct_detection_events").is_empty()
    stale = {name: build.stale for name, build in clone.states().items() if build.stale}
    assert stale == {"rpt_uptime_trend": "was built from another version of fct_uptime_trend"}

    shutil.copytree(built.layout.silver, clone.layout.silver, dirs_exist_ok=True)
    for feed in EVENT_FEEDS:
        shutil.rmtree(clone.layout.silver_file(feed, PLACEHOLDER_DAY).parent)
    assert "ERROR=0" in dbt(clone, "run")
    assert "ERROR=0" in dbt(clone, "test", "--select", "stg_telemetry", "fct_incidents")
    dbt(clone, "docs", "generate")
    catalog = json.loads((clone.project / "target" / "catalog.json").read_text())
    assert "model.sentinel.fct_fleet_health_daily" in catalog["nodes"]

    home = built.unbuilt(tmp_path / "home")
    home.dbt.model_copy(update={"as_of": None}).invoke(["run"])
    assert home.contents() == clone.contents()
    assert {name: b.version for name, b in home.states().items()} == {
        name: build.version for name, build in clone.states().items()
    }


def test_from_another_folder_sentinel_home_says_where_the_home_is(home: Home, tmp_path: Path) -> None:
    home.write("sites", home.silver("sites").head(1))
    folders = ["--project-dir", str(DBT_DIR), "--profiles-dir", str(DBT_DIR), "--target-path", str(tmp_path / "target")]
    arguments = ["run", "--select", "stg_sites", "dim_site", *folders, "--log-path", str(tmp_path / "logs")]
    command(tmp_path, "dbt", "--quiet", *arguments, SENTINEL_HOME="home")
    assert home.mart("dim_site").filter(~pl.col("is_inferred")).height == 1
