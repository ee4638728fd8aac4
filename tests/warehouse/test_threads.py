"""A mart holds the same figures however many threads add them up, and whatever the order of rows on disk."""

import shutil
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from sentinel_orchestration.feeds.simulator import EVENT_FEEDS, SNAPSHOT_FEEDS, World, simulate_day, simulate_snapshot
from tests.warehouse.small_silver import DBT_DIR, Home

AS_OF, DAY = datetime(2026, 3, 5), date(2026, 3, 4)
READINGS = 400_000  # of one tower on one day: the sum that most threads take part in
ROW_GROUP = 5_000  # a thread takes at least one


def _readings(tower_id: str) -> pl.DataFrame:
    """Readings in pairs, so that each exact mean ends in a 5 where the mart rounds: one bit more or less shows."""
    random = np.random.default_rng(5)
    sums = {"cpu_pct": 100.01, "mem_pct": 99.99, "sensor_health_score": 100.01, "comms_uptime_min": 60.006}
    sums |= {"power_watts": 1000.01, "ambient_temp_c": 40.01}
    moments = pl.datetime_range(datetime(2026, 3, 4), AS_OF, "200ms", eager=True).cast(pl.Datetime("us"))[:READINGS]
    values = {}
    for name, total in sums.items():
        one = random.uniform(0.01, total - 0.01, READINGS // 2).round(3)
        values[name] = random.permutation(np.concatenate([one, (total - one).round(3)]))
    return pl.DataFrame({"tower_id": tower_id, "ts": moments, **values})


@pytest.fixture(scope="module")
def rows() -> dict[str, pl.DataFrame]:
    world = World(seed=3, sites=5, towers=200)
    events = {feed: simulate_day(feed, world, DAY, AS_OF) for feed in EVENT_FEEDS}
    snapshots = {feed: simulate_snapshot(feed, world, AS_OF) for feed in SNAPSHOT_FEEDS}
    return events | snapshots | {"telemetry": _readings(snapshots["towers"]["tower_id"][0])}


def _home(path: Path, project: Path, parsed: Home, rows: dict[str, pl.DataFrame], shuffled: bool) -> Home:
    home = replace(parsed.empty(path), project=project)
    for feed, frame in rows.items():
        order = frame.sample(fraction=1, shuffle=True, seed=1) if shuffled else frame
        home.write(feed, order, DAY if feed in EVENT_FEEDS else None, row_group_size=ROW_GROUP)
    return home


def _build(home: Home, threads: int) -> dict[str, str]:
    profile = (DBT_DIR / "profiles.yml").read_text()
    changed = profile.replace("TimeZone: UTC", f"TimeZone: UTC\n        threads: {threads}")
    assert changed != profile
    (home.project / "profiles.yml").write_text(changed)
    home.run("--full-refresh")
    assert home.query("select table_name from duckdb_tables() where schema_name = 'marts' and estimated_size = 0") == [
        ("fct_uptime_trend",)  # Python's
    ]
    return home.contents()


def test_neither_threads_nor_the_order_of_rows_change_a_figure(
    built: Home, rows: dict[str, pl.DataFrame], tmp_path: Path
) -> None:
    project = tmp_path / "dbt"  # one whose profile says how many threads DuckDB has
    shutil.copytree(DBT_DIR, project, ignore=shutil.ignore_patterns("target", "logs"))
    ordered = _home(tmp_path / "ordered", project, built, rows, shuffled=False)
    shuffled = _home(tmp_path / "shuffled", project, built, rows, shuffled=True)
    ordered.dbt.manifest()  # parses this copy
    assert _means_of_doubles(ordered) != _means_of_doubles(shuffled)  # so these rows would show it

    contents = _build(ordered, 1)

    assert _build(shuffled, 2) == contents
    assert _build(shuffled, 7) == contents


def _means_of_doubles(home: Home) -> tuple[float, ...]:
    """The mart's means, computed the way that it must not compute them."""
    means = "round(avg(cpu_pct), 2), round(avg(mem_pct), 2), round(avg(power_watts), 2), round(avg(ambient_temp_c), 2)"
    with duckdb.connect(config={"threads": 1}) as connection:
        files = f"{home.layout.silver}/telemetry/*/part.parquet"
        found = connection.execute(f"select {means} from read_parquet('{files}')").fetchone()
    assert found
    return found
