"""A mart holds the same figures however many threads add them up, and in whatever order rows lie."""

import shutil
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from sentinel_orchestration.feeds.simulator import EVENT_FEEDS, SNAPSHOT_FEEDS, World, simulate_day, simulate_snapshot
from sentinel_orchestration.publish.content import TableContent, table_contents
from sentinel_orchestration.settings import PROJECT_DIR, Settings
from sentinel_orchestration.warehouse.project import DbtProject

AS_OF, DAY = datetime(2026, 3, 5), date(2026, 3, 4)
READINGS = 400_000  # of one tower on one day: the sum that most threads take part in
ROW_GROUP = 5_000  # a thread takes at least one


def _readings(tower_id: str) -> pl.DataFrame:
    """Readings in pairs, so that each exact mean ends in a 5 where the mart rounds: a last bit more or less shows."""
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


def _write(silver: Path, rows: dict[str, pl.DataFrame], shuffled: bool) -> None:
    for feed, frame in rows.items():
        folder = silver / feed / (f"day={DAY}" if feed in EVENT_FEEDS else "")
        folder.mkdir(parents=True)
        order = frame.sample(fraction=1, shuffle=True, seed=1) if shuffled else frame
        order.write_parquet(folder / "part.parquet", row_group_size=ROW_GROUP)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DbtProject]:
    """The dbt project with a number of DuckDB threads in its profile that a test may change."""
    home = tmp_path_factory.mktemp("threads")
    project = DbtProject(Settings(home=home, as_of=AS_OF))
    project.folder = home / "dbt"
    shutil.copytree(PROJECT_DIR / "dbt", project.folder, ignore=shutil.ignore_patterns("target", "logs"))
    project.manifest()
    return project


def _build(project: DbtProject, silver: Path, threads: int, warehouse: Path) -> list[TableContent]:
    profile = (PROJECT_DIR / "dbt" / "profiles.yml").read_text()
    changed = profile.replace("TimeZone: UTC", f"TimeZone: UTC\n        threads: {threads}")
    assert changed != profile
    (project.folder / "profiles.yml").write_text(changed)
    project._silver_dir = silver
    outcome = project.invoke(["run", "--full-refresh"], warehouse, {"as_of": AS_OF.isoformat(sep=" ")})
    assert outcome.success
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return table_contents(connection, "marts", warehouse.parent)


def test_neither_threads_nor_the_order_of_rows_change_a_figure(
    project: DbtProject, rows: dict[str, pl.DataFrame], tmp_path: Path
) -> None:
    ordered, shuffled = tmp_path / "ordered", tmp_path / "shuffled"
    _write(ordered, rows, shuffled=False)
    _write(shuffled, rows, shuffled=True)
    assert _means_of_doubles(ordered) != _means_of_doubles(shuffled)  # so these rows would tell

    cases = [(ordered, 1), (shuffled, 2), (shuffled, 7)]
    contents = [
        _build(project, silver, threads, tmp_path / f"{silver.name}{threads}" / "sentinel.duckdb")
        for silver, threads in cases
    ]

    assert len(contents[0]) == 11
    assert all(content.rows for content in contents[0])
    for found in contents[1:]:
        assert found == contents[0]


def _means_of_doubles(silver: Path) -> tuple[float, ...]:
    """The mart's means, taken the way that it must not."""
    means = "round(avg(cpu_pct), 2), round(avg(mem_pct), 2), round(avg(power_watts), 2), round(avg(ambient_temp_c), 2)"
    with duckdb.connect(config={"threads": 1}) as connection:
        found = connection.execute(f"select {means} from read_parquet('{silver}/telemetry/*/part.parquet')").fetchone()
    assert found
    return found
