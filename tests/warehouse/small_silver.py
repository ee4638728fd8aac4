"""dbt on a small simulated silver of five days, and ways to write and read it.

Belongs here: what the tests of the dbt project share. Does not belong here: how Dagster drives the project.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import yaml
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest

from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.feeds.simulator import World
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
