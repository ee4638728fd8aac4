"""A home with a small simulated silver of five days, dbt on it, and ways to change and to read it."""

import hashlib
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.feeds.simulator import World, simulate_day
from sentinel_orchestration.lake.counts import DayCounts, file_metadata, read_counts
from sentinel_orchestration.lake.silver import keep_schema
from sentinel_orchestration.layout import Layout
from sentinel_orchestration.publish.content import release_contents
from sentinel_orchestration.resources import DbtResource, WarehouseResource
from sentinel_orchestration.settings import PROJECT_DIR
from sentinel_orchestration.warehouse.state import Mart, ModelState, read_states

DBT_DIR = PROJECT_DIR / "dbt"
CONTRACTS = load_contracts()
EVENT_FEEDS = [feed for feed, contract in CONTRACTS.items() if contract.kind == "event"]
SNAPSHOT_FEEDS = [feed for feed, contract in CONTRACTS.items() if contract.kind == "snapshot"]
MARTS = {path.stem for path in (DBT_DIR / "models/marts").rglob("*.sql")}
PASSED = ("success", "pass")

# By-day facts: the column of the day, and one of the figures, to be tampered with.
BY_DAY = {
    "fct_fleet_health_daily": ("telemetry_date", "avg_ambient_temp_c"),
    "fct_detection_events": ("detection_date", "range_m"),
    "fct_alert_pipeline_latency": ("detection_date", "detect_to_alert_sec"),
}

FIRST_DAY = date(2026, 3, 2)
AS_OF = datetime(2026, 3, 8)
WORLD = World(seed=7, sites=3, towers=12)


def day_of_window(number: int) -> date:
    """Day 1 is FIRST_DAY."""
    return FIRST_DAY + timedelta(days=number - 1)


def as_user() -> dict[str, str]:
    """The environment of somebody who has set nothing of Sentinel's."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("SENTINEL_", "DBT_"))}


def statuses(outcome: Any) -> dict[str, str]:
    """The status of each node of an outcome of dbt that is built or tested, by name: of no hook, and of no exposure."""
    results = [
        result for result in outcome.result.results if result.node.resource_type not in ("operation", "exposure")
    ]
    return {result.node.name: str(result.status) for result in results}


@dataclass(frozen=True)
class Home:
    """A home folder, and the dbt project that builds its warehouse."""

    path: Path
    project: Path = DBT_DIR
    as_of: str | None = AS_OF.isoformat(sep=" ")

    @property
    def layout(self) -> Layout:
        return Layout(self.path)

    @property
    def dbt(self) -> DbtResource:
        return DbtResource(project=str(self.project), home=str(self.path), as_of=self.as_of)

    @property
    def warehouse(self) -> WarehouseResource:
        return WarehouseResource(database=str(self.layout.warehouse))

    def copy(self, to: Path) -> "Home":
        """The same silver and warehouse under another folder."""
        shutil.copytree(self.path / "data", to / "data")
        return replace(self, path=to)

    def unbuilt(self, to: Path) -> "Home":
        """The same silver under another folder, without a warehouse."""
        shutil.copytree(self.path / "data", to / "data", ignore=shutil.ignore_patterns("sentinel.duckdb*"))
        return replace(self, path=to)

    def empty(self, to: Path) -> "Home":
        """The same project and another folder, with silver without rows, as `sentinel init` leaves it."""
        made = replace(self, path=to)
        for contract in CONTRACTS.values():
            keep_schema(made.layout, contract)
        return made

    def invoke(self, *command: str) -> dict[str, str]:
        """Runs a dbt command and gives the status of each node that it ran, by name."""
        return statuses(self.dbt.invoke(command))

    def run(self, *selection: str) -> None:
        """Builds models, without their tests; each must succeed."""
        found = self.invoke("run", *selection)
        assert found
        assert {name: status for name, status in found.items() if status not in PASSED} == {}

    def look(self) -> None:
        """What a release does first: looks at code and silver, and builds nothing."""
        self.dbt.invoke(["run-operation", "read_state"])

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.layout.warehouse), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def execute(self, sql: str) -> None:
        """Changes the warehouse by hand."""
        with duckdb.connect(str(self.layout.warehouse)) as connection:
            connection.execute(sql)

    def mart(self, name: str) -> pl.DataFrame:
        """Every row of a mart, in an order that depends on content alone."""
        with duckdb.connect(str(self.layout.warehouse), read_only=True) as connection:
            return connection.execute(f"select * from marts.{name} order by all").pl()

    def contents(self) -> dict[str, str]:
        """Hash of every table of the marts and reports."""
        with duckdb.connect(str(self.layout.warehouse), read_only=True) as connection:
            found = release_contents(connection, self.path)
        return {content.name: content.sha256 for content in found if not content.name.startswith("meta.")}

    def states(self, marts: Iterable[Mart] = ()) -> dict[str, ModelState]:
        with duckdb.connect(str(self.layout.warehouse), read_only=True) as connection:
            return read_states(connection, list(marts))

    def codes(self) -> dict[str, str]:
        """Model → digest of its code, as the last invocation saw it."""
        return dict(self.query("select model, code from meta.plan"))

    def silver(self, feed: str) -> pl.DataFrame:
        files = self.layout.silver_files(feed).values()
        return pl.concat([pl.read_parquet(file, hive_partitioning=False) for file in files])

    def read_day(self, feed: str, day: date) -> pl.DataFrame:
        return pl.read_parquet(self.layout.silver_file(feed, day.isoformat()), hive_partitioning=False)

    def write(
        self,
        feed: str,
        rows: pl.DataFrame,
        day: date | None = None,
        silently: bool = False,
        row_group_size: int | None = None,
    ) -> None:
        """Rows of a day or a snapshot, as the gate writes them; `silently`: under the version of the rows before them."""
        name = day.isoformat() if day else ""
        file = self.layout.silver_file(feed, name)
        version = hashlib.sha256(rows.write_csv().encode()).hexdigest()
        before = read_counts(file)
        if silently and before:
            version = before.version
        counts = DayCounts(name, version, rows.height, rows.height, 0, 0, 0, batches=["by hand"])
        file.parent.mkdir(parents=True, exist_ok=True)
        rows.write_parquet(file, metadata=file_metadata(counts), row_group_size=row_group_size)
        keep_schema(self.layout, CONTRACTS[feed])

    def simulate(self, day: date) -> None:
        """All event feeds of a day."""
        for feed in EVENT_FEEDS:
            self.write(feed, simulate_day(feed, WORLD, day, AS_OF), day)

    def remove(self, feed: str, day: date) -> None:
        shutil.rmtree(self.layout.silver_file(feed, day.isoformat()).parent)
        keep_schema(self.layout, CONTRACTS[feed])

    def halve(self, day: date) -> None:
        """Takes every second row from a day of every event feed."""
        for feed in EVENT_FEEDS:
            self.write(feed, self.read_day(feed, day).gather_every(2), day)

    def tamper(self) -> None:
        """Marks every row of the by-day facts with a figure that no build would give it."""
        for fact, (_, figure) in BY_DAY.items():
            self.execute(f"update marts.{fact} set {figure} = -999")

    def days(self, fact: str) -> tuple[set[date], set[date]]:
        """The days of a fact that were built since `tamper`, and those that still hold the marked rows."""
        day, figure = BY_DAY[fact]
        rows = self.query(f"select distinct {day}, {figure} is not distinct from -999 from marts.{fact}")
        return {day for day, is_marked in rows if not is_marked}, {day for day, is_marked in rows if is_marked}


def put_alert_across_midnight(home: Home) -> None:
    """A detection just before the end of day 3, whose alert records the moment just after."""
    midnight = datetime.combine(day_of_window(4), datetime.min.time())
    moments = {"detections": midnight - timedelta(microseconds=1), "alert_pipeline": midnight}
    for feed, moment in moments.items():
        event_time = CONTRACTS[feed].event_time
        assert event_time
        rows = home.read_day(feed, moment.date())
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
        home.write(feed, pl.concat([row, rows], how="vertical_relaxed"), moment.date())
