"""Generator, gate and marts, compared with what Polars and DuckDB need just to read, write and aggregate the same rows.

Run as `python -m benchmarks.limits OUT.json REPEATS`; sizes come from the SENTINEL_* variables.
"""

import json
import shutil
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from benchmarks.builds import build_environment
from benchmarks.child import PYTHON, run
from benchmarks.figures import Bench, Figure, ratios
from sentinel_orchestration.feeds.simulator import simulate_days
from sentinel_orchestration.feeds.sources import world_of
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.silver import gate_feed
from sentinel_orchestration.resources import DbtResource, default_resources
from sentinel_orchestration.settings import load_settings, newest_full_hour, window_days

FEED, MART, AIM, HOME = "telemetry", "fct_fleet_health_daily", 2.0, "limits"
PAIRS = {
    "receive: generate, write bronze": "Polars writes the same rows",
    "gate: read bronze, check, write silver": "Polars reads and writes the same rows",
    f"dbt builds {MART}": "DuckDB aggregates the same rows into a table",
}


def engine_limits(bench: Bench) -> list[Figure]:
    """Seconds of both sides of each pair, and the ratio of ours to the engine's."""
    towers = bench.plan.towers * bench.plan.scale
    group = f"the engine's limit, {FEED} of {towers:,} towers × {bench.plan.days} days"
    bench.say(f"{group}: {bench.plan.large_repeats} times each")
    measured = bench.scratch / "limits.json"
    command = [PYTHON, "-m", "benchmarks.limits", str(measured), str(bench.plan.large_repeats)]
    run(command, build_environment(bench, HOME, towers))
    seconds: dict[str, list[float]] = json.loads(measured.read_text(encoding="utf-8"))
    figures = [Figure(group, name, "s", tuple(values)) for name, values in seconds.items()]
    for ours, engines in PAIRS.items():
        pairs = ratios(seconds[ours], seconds[engines])
        figures.append(Figure(group, f"{ours.partition(':')[0]} / engine", "×", pairs, AIM))
    return figures


class Sides:
    """Both sides of each pair, on the lake of the settings."""

    def __init__(self) -> None:
        settings = load_settings()
        self.lake = Lake(settings, settings.as_of or newest_full_hour())
        self.layout = settings.layout
        self.days = window_days(self.lake.as_of, settings.days)
        self.plain = self.layout.data / "plain"
        self.dbt: DbtResource = default_resources(settings)["dbt"]

    def prepare(self) -> None:
        """Makes what has to be there before anything is measured: all of silver, and the tables that the mart reads."""
        self.dbt.manifest()
        for feed in self.lake.contracts:
            self.lake.receive(feed)
            gate_feed(self.lake, feed)
        self.dbt.invoke(["run", "--full-refresh"])

    def receive(self) -> float:
        """Ours: bronze from nothing."""
        shutil.rmtree(self.layout.bronze / FEED)
        return _seconds(lambda: self.lake.receive(FEED))

    def write(self) -> float:
        """The engine's: the same rows, made before the clock starts."""
        self.plain.mkdir(parents=True, exist_ok=True)
        days = simulate_days(FEED, world_of(self.lake.settings), map(date.fromisoformat, self.days), self.lake.as_of)
        frames = dict(zip(self.days, days, strict=True))

        def each() -> None:
            for day, rows in frames.items():
                rows.write_parquet(self.plain / f"{day}.parquet", compression="zstd", compression_level=1)

        return _seconds(each)

    def gate(self) -> float:
        """Ours: silver from bronze."""
        shutil.rmtree(self.layout.silver / FEED)
        return _seconds(lambda: gate_feed(self.lake, FEED))

    def copy(self) -> float:
        """The engine's: the same rows read, and written the way silver is."""

        def each() -> None:
            for day in self.days:
                rows = pl.read_parquet(self.plain / f"{day}.parquet")
                rows.write_parquet(self.plain / f"{day}.copy", compression="lz4")

        return _seconds(each)

    def mart(self) -> float:
        """Ours: dbt's own time for the model, its transaction and its record included."""
        results = self.dbt.invoke(["run", "--full-refresh", "--select", MART]).result.results
        return next(float(result.execution_time) for result in results if result.node.name == MART)

    def aggregate(self) -> float:
        """The engine's: the means of each tower's day, with nothing joined to them."""
        means = ", ".join(f"avg({c.name})" for c in self.lake.contracts[FEED].columns if c.type == "number")
        query = (
            f"create table mart as select tower_id, ts::date as day, count(*), max(ts), {means} "
            f"from read_parquet('{self.layout.silver_pattern(FEED)}') group by all"
        )
        with duckdb.connect() as connection:
            return _seconds(lambda: connection.execute(query))


def main(measured: Path, repeats: int) -> None:
    """Measures, and writes name → seconds of each repeat."""
    sides = Sides()
    sides.prepare()
    names = [name for pair in PAIRS.items() for name in pair]
    works = (sides.receive, sides.write, sides.gate, sides.copy, sides.mart, sides.aggregate)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(repeats):
        for name, work in zip(names, works, strict=True):
            seconds[name].append(work())
    measured.write_text(json.dumps(seconds), encoding="utf-8")


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
