"""The plain script that the graph is held against: the same parquet, then `dbt build`, and nothing else.

Belongs here: what somebody would write without Dagster, a gate, checks or publishing. Does not belong here: measuring.
Sizes come from the SENTINEL_* variables, as for the graph. Run as `python -m benchmarks.plain`.
"""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl

from sentinel_orchestration.feeds.simulator import EVENT_FEEDS, SNAPSHOT_FEEDS, World, simulate_days, simulate_snapshot
from sentinel_orchestration.settings import Settings, load_settings, newest_full_hour, window_days


def main() -> int:
    """Exit code: dbt's own."""
    settings = load_settings()
    as_of = settings.as_of or newest_full_hour()
    world = World(seed=settings.seed, sites=settings.sites, towers=settings.towers)
    for feed in SNAPSHOT_FEEDS:
        _write(simulate_snapshot(feed, world, as_of), settings.silver_dir / feed)
    for feed in EVENT_FEEDS:
        days = window_days(as_of, settings.days)
        for day, rows in zip(days, simulate_days(feed, world, map(date.fromisoformat, days), as_of), strict=True):
            _write(rows, settings.silver_dir / feed / f"day={day}")
    return _dbt_build(settings, {"as_of": as_of.isoformat(sep=" "), "changed_days": []})


def _write(rows: pl.DataFrame, folder: Path) -> None:
    folder.mkdir(parents=True)
    rows.write_parquet(folder / "part.parquet", compression="lz4")


def _dbt_build(settings: Settings, variables: dict[str, object]) -> int:
    target, database = settings.data_dir / "dbt", plain_database(settings)
    database.parent.mkdir(parents=True)
    command = [
        *(str(Path(sys.executable).with_name("dbt")), "build", "--full-refresh", "--vars", json.dumps(variables)),
        *("--project-dir", str(settings.dbt_dir), "--profiles-dir", str(settings.dbt_dir)),
        *("--target-path", str(target), "--log-path", str(target / "logs"), "--quiet"),
        *("--no-use-colors", "--no-version-check", "--no-send-anonymous-usage-stats"),
    ]
    places = {"SENTINEL_DUCKDB": str(database), "SENTINEL_SILVER": str(settings.silver_dir)}
    return subprocess.run(command, env=os.environ | places, check=False).returncode


def plain_database(settings: Settings) -> Path:
    """The DuckDB file the script makes."""
    return settings.build_dir / "plain" / "sentinel.duckdb"


if __name__ == "__main__":
    sys.exit(main())
