"""The dbt project by itself: it keeps to the contracts; its marts hold what silver says, however built.

Real dbt on a small simulated silver. How Dagster drives the project is not tested here.
"""

import re
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import yaml
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from polars.testing import assert_frame_equal
from scipy.stats import poisson

from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.feeds.simulator import World, simulate_day, simulate_snapshot
from sentinel_orchestration.settings import PROJECT_DIR

DBT_DIR = PROJECT_DIR / "dbt"
CONTRACTS = load_contracts()
EVENT_FEEDS = [feed for feed, contract in CONTRACTS.items() if contract.kind == "event"]
MARTS = {path.stem for path in (DBT_DIR / "models/marts").rglob("*.sql")}
EVENT_FACTS = {"fct_fleet_health_daily", "fct_detection_events", "fct_alert_pipeline_latency"}

FIRST_DAY = date(2026, 3, 2)
AS_OF = datetime(2026, 3, 8)
WORLD = World(seed=7, sites=3, towers=12)


def day_of_window(number: int) -> date:
    """Day 1 is FIRST_DAY."""
    return FIRST_DAY + timedelta(days=number - 1)


@dataclass
class Dbt:
    """dbt in this process, with one manifest for every data folder, as in production."""

    target: Path
    silver: Path
    manifest: Manifest | None = None

    def __call__(self, *command: str, warehouse: Path | None = None, **variables: Any) -> dbtRunnerResult:
        with pytest.MonkeyPatch.context() as env:
            env.setenv("SENTINEL_SILVER", str(self.silver))
            env.setenv("SENTINEL_DUCKDB", str(warehouse or self.target / "sentinel.duckdb"))
            folders = ["--project-dir", str(DBT_DIR), "--profiles-dir", str(DBT_DIR)]
            places = ["--target-path", str(self.target), "--log-path", str(self.target), "--quiet"]
            given = ["--vars", yaml.safe_dump(variables, default_flow_style=True, width=10_000)] if variables else []
            try:
                result = dbtRunner(manifest=self.manifest).invoke([*command, *folders, *places, *given])
            finally:
                DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
        if result.exception:
            raise result.exception
        return result


@pytest.fixture(scope="module")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    """A parsed project; its manifest knows no silver folder and no var."""
    folder = tmp_path_factory.mktemp("dbt")
    project = Dbt(target=folder / "target", silver=folder / "parsed without silver")
    parsed = project("parse").result
    assert isinstance(parsed, Manifest)
    project.manifest = parsed
    project.silver = folder / "it's silver"
    return project


def write_day(silver: Path, feed: str, day: date, rows: pl.DataFrame) -> None:
    part = silver / feed / f"day={day}" / "part.parquet"
    part.parent.mkdir(parents=True, exist_ok=True)
    rows.write_parquet(part)


def write_snapshot(silver: Path, feed: str, rows: pl.DataFrame) -> None:
    (silver / feed).mkdir(parents=True, exist_ok=True)
    rows.write_parquet(silver / feed / "part.parquet")


def read_silver(silver: Path, feed: str) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(part) for part in sorted((silver / feed).rglob("part.parquet"))])


def read_mart(warehouse: Path, name: str) -> pl.DataFrame:
    """Every row of a mart, in an order that depends on content alone."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(f"select * from marts.{name} order by all").pl()


def put_alert_across_midnight(silver: Path) -> None:
    """A detection just before the end of day 3, whose alert writes the moment down just after."""
    midnight = datetime.combine(day_of_window(4), datetime.min.time())
    moments = {"detections": midnight - timedelta(microseconds=1), "alert_pipeline": midnight}
    for feed, moment in moments.items():
        day, event_time = moment.date(), CONTRACTS[feed].event_time
        assert event_time
        rows = pl.read_parquet(silver / feed / f"day={day}" / "part.parquet")
        row = rows.head(1).with_columns(pl.lit("midnight").alias("detection_id"), pl.lit(moment).alias(event_time))
        if feed == "detections":
            row = row.with_columns(auto_resolved=False, escalated_to_operator=True)
        else:
            ended = [
                "operator_ack_ts",
                "resolved_ts",
                "notify_to_ack_s",
                "ack_to_resolve_s",
                "total_response_s",
            ]
            row = row.with_columns(pl.lit(None).alias(column) for column in ended)
        write_day(silver, feed, day, pl.concat([row, rows], how="vertical_relaxed"))


@pytest.fixture(scope="module")
def built(dbt: Dbt) -> Path:
    """A warehouse built from days 1 to 5, with every data test and unit test."""
    for feed, contract in CONTRACTS.items():
        if contract.kind == "snapshot":
            write_snapshot(dbt.silver, feed, simulate_snapshot(feed, WORLD, AS_OF))
        else:
            for day in map(day_of_window, range(1, 6)):
                write_day(dbt.silver, feed, day, simulate_day(feed, WORLD, day, AS_OF))
    put_alert_across_midnight(dbt.silver)
    warehouse = dbt.target / "first" / "sentinel.duckdb"
    warehouse.parent.mkdir(parents=True)
    outcome: Any = dbt("build", warehouse=warehouse, as_of=AS_OF.isoformat()).result
    assert not [f"{r.node.name}: {r.message}" for r in outcome if r.status not in ("success", "pass")]
    return warehouse


def nodes(dbt: Dbt, kind: str) -> list[Any]:
    assert dbt.manifest
    return [node for node in dbt.manifest.nodes.values() if node.resource_type == kind]


def test_sources_say_what_the_contracts_say(dbt: Dbt) -> None:
    """Columns in order, types, descriptions, event time, freshness, asset key of every feed and no other."""
    assert dbt.manifest
    types = {"string": "varchar", "integer": "bigint", "number": "double", "boolean": "boolean"}
    sources = {source.name: source for source in dbt.manifest.sources.values()}
    assert sources.keys() == CONTRACTS.keys()
    for feed, contract in CONTRACTS.items():
        source = sources[feed]
        assert source.description == f"{contract.description} {contract.grain}"
        assert [(c.name, c.data_type, c.description) for c in source.columns.values()] == [
            (c.name, types.get(c.type, c.type), c.description) for c in contract.columns
        ]
        assert source.loaded_at_field == contract.event_time
        limits = [source.freshness and getattr(source.freshness, limit) for limit in ("warn_after", "error_after")]
        hours = [limit.count if limit else None for limit in limits]
        assert hours == [contract.freshness_warn_hours, contract.freshness_error_hours], feed
        assert all(limit.period == "hour" for limit in limits if limit and limit.count)
        assert source.meta["dagster"]["asset_key"] == ["silver", feed]
        assert f"stg_{feed}" in {model.name for model in nodes(dbt, "model")}
        assert contract.domain == source.path.split("/")[-2]


def test_everything_is_described(dbt: Dbt, built: Path) -> None:
    """Every model, every column it really has, and every test whose name is our own."""
    with duckdb.connect(str(built), read_only=True) as connection:
        found = connection.execute("select table_name, column_name from information_schema.columns").fetchall()
    for model in nodes(dbt, "model"):
        columns = [column for table, column in found if table == model.name]
        assert model.description
        assert columns
        assert [name for name, column in model.columns.items() if column.description] == columns, model.name
    generics = {path.stem for path in (DBT_DIR / "tests/generic").glob("*.sql")}
    for test in nodes(dbt, "test"):
        assert test.description or test.test_metadata.name not in generics, test.name


def test_marts_have_enforced_contracts(dbt: Dbt) -> None:
    marts = {model.name: model for model in nodes(dbt, "model") if model.schema == "marts"}
    assert marts.keys() == MARTS
    for mart in marts.values():
        assert mart.contract.enforced
        assert all(column.data_type for column in mart.columns.values())
    assert {name for name, mart in marts.items() if mart.config.materialized == "incremental"} == EVENT_FACTS


def test_data_tests_stand_on_models_and_cover_keys(dbt: Dbt) -> None:
    """A test on a source would exempt dbt from the blocking checks of silver; keys must block."""
    tests = nodes(dbt, "test")
    assert len(tests) >= 66
    assert all(test.attached_node and test.attached_node.startswith("model.") for test in tests)
    tested = {test.attached_node.split(".")[-1] for test in tests if "unique" in test.test_metadata.name}
    assert tested == {model.name for model in nodes(dbt, "model")}
    advisory = {test.test_metadata.name for test in tests if test.config.severity.lower() == "warn"}
    assert advisory.isdisjoint({"unique", "not_null", "unique_combination", "accepted_values", "sums_match"})


def test_unit_tests_cover_marts_with_logic(dbt: Dbt) -> None:
    assert dbt.manifest
    assert {test.model for test in dbt.manifest.unit_tests.values()} == MARTS


def test_no_model_asks_the_clock_or_rolls_dice() -> None:
    forbidden = re.compile(r"\b(now\s*\(|current_(date|time|timestamp)|today\s*\(|random|uuid|getdate)", re.IGNORECASE)
    for path in [*(DBT_DIR / "models").rglob("*.sql"), *(DBT_DIR / "macros").rglob("*.sql")]:
        assert not forbidden.search(path.read_text()), path


def change_silver(silver: Path) -> None:
    """Day 2 goes, day 3 changes, day 6 comes, and snapshots change what they say about days long past."""
    for feed in EVENT_FEEDS:
        shutil.rmtree(silver / feed / f"day={day_of_window(2)}")
        write_day(silver, feed, day_of_window(6), simulate_day(feed, WORLD, day_of_window(6), AS_OF))
        part = silver / feed / f"day={day_of_window(3)}" / "part.parquet"
        pl.read_parquet(part).gather_every(2).write_parquet(part)
    detections = read_silver(silver, "detections")
    elsewhere = detections["tower_id"].unique().sort()[0]
    part = silver / "detections" / f"day={day_of_window(3)}" / "part.parquet"
    pl.read_parquet(part).with_columns(tower_id=pl.lit(elsewhere)).write_parquet(part)
    towers = read_silver(silver, "towers")
    moved = pl.col("tower_id") == towers["tower_id"][-1]
    site = pl.when(moved).then(pl.lit(towers["site_id"].unique().sort()[0])).otherwise("site_id")
    write_snapshot(silver, "towers", towers.with_columns(site_id=site))
    incidents = read_silver(silver, "incidents")
    late = incidents.head(1).with_columns(
        incident_id=pl.lit("late"),
        tower_id=pl.lit(read_silver(silver, "telemetry")["tower_id"][0]),
        opened_at=pl.lit(datetime(2026, 3, 2, 12)).cast(pl.Datetime("us")),
        severity=pl.lit("P1"),
    )
    write_snapshot(silver, "incidents", pl.concat([incidents, late]))


def test_by_day_equals_from_scratch(dbt: Dbt, built: Path) -> None:
    """After rows came, changed and went, a run by day leaves what a full rebuild makes, in every mart."""
    changed = Dbt(dbt.target, dbt.target / "changed silver", dbt.manifest)
    shutil.copytree(dbt.silver, changed.silver)
    change_silver(changed.silver)
    by_day, from_scratch = (changed.target / name / "sentinel.duckdb" for name in ("by day", "from scratch"))
    for warehouse in (by_day, from_scratch):
        warehouse.parent.mkdir()
    shutil.copy(built, by_day)
    before = read_mart(by_day, "fct_fleet_health_daily")

    days = [day_of_window(number).isoformat() for number in (2, 3, 6)]
    assert changed("run", warehouse=by_day, as_of="2026-03-08 00:00:00", changed_days=days).success
    assert changed("run", warehouse=from_scratch, as_of="2026-03-08 00:00:00").success

    for mart in MARTS:
        rows = read_mart(by_day, mart)
        assert rows.height
        assert_frame_equal(rows, read_mart(from_scratch, mart), check_exact=True)
    midnight = read_mart(by_day, "fct_alert_pipeline_latency").filter(detection_id="midnight")
    assert midnight["detection_date"].to_list() == [day_of_window(4)]
    after = read_mart(by_day, "fct_fleet_health_daily")
    assert day_of_window(2) not in after["telemetry_date"]
    assert after["critical_incidents"].sum() > before["critical_incidents"].sum()

    assert changed("run", warehouse=by_day, as_of="2026-03-08 00:00:00", changed_days=[]).success
    for mart in MARTS:
        assert_frame_equal(read_mart(by_day, mart), read_mart(from_scratch, mart), check_exact=True)


def test_a_day_costs_a_day(built: Path) -> None:
    """Days named as literals keep DuckDB from opening the files of any other day."""
    with duckdb.connect(str(built), read_only=True) as connection:
        query = f"select sum(cpu_pct) from staging.stg_telemetry where day in (date '{day_of_window(3)}')"
        plan = connection.execute(f"explain analyze {query}").fetchall()[0][1]
    assert "Scanning Files: 1/5" in plan


def test_marts_hold_what_silver_says(dbt: Dbt, built: Path) -> None:
    """Figures computed from silver in Polars, by other means than the SQL, stand in the marts."""
    silver = {feed: read_silver(dbt.silver, feed) for feed in CONTRACTS}
    health = read_mart(built, "fct_fleet_health_daily")
    expected = (
        silver["telemetry"]
        .group_by("tower_id", telemetry_date=pl.col("ts").dt.date())
        .agg(
            (pl.col("comms_uptime_min").mean() / 0.6).alias("avg_uptime_pct"),
            pl.len().cast(pl.Int64).alias("n"),
        )
        .sort("tower_id", "telemetry_date")
    )
    found = health.select("tower_id", "telemetry_date", "avg_uptime_pct", n="readings_count")
    assert_frame_equal(found.sort("tower_id", "telemetry_date"), expected, abs_tol=0.005001)

    incidents = silver["incidents"].with_columns(hours=(pl.col("closed_at") - pl.col("opened_at")).dt.total_hours())
    closed = read_mart(built, "fct_incidents").filter(~pl.col("is_open"))
    assert closed["resolve_hours"].floor().sum() == incidents["hours"].sum()

    end = pl.col("failed_at").fill_null(AS_OF)
    lives = (
        silver["components"]
        .group_by("component_type")
        .agg(((end - pl.col("installed_at")).dt.total_seconds().sum() / 3600 / pl.col("is_failed").sum()).alias("mtbf"))
    )
    reliability = read_mart(built, "fct_component_reliability").select("component_type", "observed_mtbf_hours").unique()
    for component_type, mtbf in lives.iter_rows():
        observed = reliability.filter(component_type=component_type)["observed_mtbf_hours"].item()
        assert observed is None if mtbf == float("inf") else observed == pytest.approx(mtbf, rel=1e-5)

    latency = read_mart(built, "fct_alert_pipeline_latency")
    assert latency["total_latency_min"].sum() * 60 == pytest.approx(
        silver["alert_pipeline"]["total_response_s"].sum(), rel=1e-3
    )

    spares = read_mart(built, "fct_spares_demand").filter(pl.col("expected_failures_in_lead_time") > 0)
    for need, failures in spares.select("spares_needed", "expected_failures_in_lead_time").iter_rows():
        assert need in {poisson.ppf(0.95, failures - 0.0005), poisson.ppf(0.95, failures + 0.0005)}


def test_freshness_looks_at_event_time(dbt: Dbt, tmp_path: Path) -> None:
    """Newest events 1 h, 10 h and 30 h old pass, warn and fail, without a warehouse file."""
    now = datetime.now(UTC).replace(tzinfo=None)
    ages = {"telemetry": 1, "detections": 10, "alert_pipeline": 30}
    for feed, age_hours in ages.items():
        at = now - timedelta(hours=age_hours)
        event_time = CONTRACTS[feed].event_time
        assert event_time
        write_day(tmp_path, feed, at.date(), pl.DataFrame({event_time: [at]}))
    fresh = Dbt(dbt.target, tmp_path, dbt.manifest)
    outcome: Any = fresh("source", "freshness", "--target", "mem").result
    statuses = {source.node.name: str(source.status) for source in outcome.results}
    assert statuses == {"telemetry": "pass", "detections": "warn", "alert_pipeline": "error"}
