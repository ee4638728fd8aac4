"""The plain script that the graph is compared with: the same parquet, then `dbt build`, and nothing else.

No Dagster, no gate, no checks but dbt's, no Python marts, no release. Run as `python -m benchmarks.plain`; sizes come from the
SENTINEL_* variables, as for the graph.
"""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl

from sentinel_orchestration.feeds.simulator import EVENT_FEEDS, SNAPSHOT_FEEDS, World, simulate_days, simulate_snapshot
from sentinel_orchestration.lake.counts import DayCounts, file_metadata
from sentinel_orchestration.layout import SNAPSHOT_DAY, Layout
from sentinel_orchestration.settings import Settings, load_settings, newest_full_hour, window_days


def main() -> int:
    """Exit code: dbt's own."""
    settings = load_settings()
    as_of = settings.as_of or newest_full_hour()
    world = World(seed=settings.seed, sites=settings.sites, towers=settings.towers)
    for feed in SNAPSHOT_FEEDS:
        _write(settings.layout, feed, SNAPSHOT_DAY, simulate_snapshot(feed, world, as_of))
    for feed in EVENT_FEEDS:
        days = window_days(as_of, settings.days)
        for day, rows in zip(days, simulate_days(feed, world, map(date.fromisoformat, days), as_of), strict=True):
            _write(settings.layout, feed, day, rows)
    return _dbt_build(settings)


def _write(layout: Layout, feed: str, day: str, rows: pl.DataFrame) -> None:
    """A file of silver, with the metadata by which the dbt project knows its day."""
    path, count = layout.silver_file(feed, day), rows.height
    counts = DayCounts(day, "1", received=count, good=count, quarantined=0, superseded=0, duplicates=0)
    path.parent.mkdir(parents=True)
    rows.write_parquet(path, compression="lz4", metadata=file_metadata(counts))


def _dbt_build(settings: Settings) -> int:
    target = settings.layout.dbt_target
    settings.layout.warehouse.parent.mkdir(parents=True, exist_ok=True)
    command = [
        *(str(Path(sys.executable).with_name("dbt")), "build"),
        *("--project-dir", str(settings.dbt_dir), "--profiles-dir", str(settings.dbt_dir)),
        *("--target-path", str(target), "--log-path", str(target / "logs"), "--quiet"),
        *("--no-use-colors", "--no-version-check", "--no-send-anonymous-usage-stats"),
    ]
    return subprocess.run(command, env=os.environ | {"SENTINEL_HOME": str(settings.home)}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
