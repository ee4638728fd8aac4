"""The graph as its rows grow: 1 ×, 10 ×, 100 × and 1,000 × the towers, and one more day after a short and a long history."""

from pathlib import Path

import duckdb

from benchmarks.builds import COMMANDS, GRAPH, build_environment, empty, home_of
from benchmarks.child import run
from benchmarks.figures import Bench, Figure, ratios
from benchmarks.sections import DBT, EVENT_LOG, GATE, PUBLISH, RECEIVE
from benchmarks.shares import traced_build
from sentinel_orchestration.layout import WAREHOUSE_FILE, Layout

HOME, LONG_HISTORY_DAYS = "ladder", 3 * 365
MEMORY_LIMIT_MB = 6 * 1024**3 / 1e6
GROWTH_LIMIT, DAY_LIMIT = 1.0, 1.5
STAGES = (RECEIVE, GATE, DBT, PUBLISH, EVENT_LOG)


def ladder(bench: Bench) -> list[Figure]:
    """One group per rung, each with ten times the towers of the one before."""
    figures: list[Figure] = []
    layout = Layout(home_of(bench, HOME))
    before: tuple[int, float] | None = None
    factor = 1
    while factor <= bench.plan.ladder:
        towers = bench.plan.towers * factor
        group = f"ladder, {towers:,} towers × {bench.plan.days} days"
        bench.say(f"{group}: one build with a clock in it")
        seconds, cost = traced_build(bench, HOME, towers)
        rows = _rows(layout)
        memory_limit = MEMORY_LIMIT_MB if factor == bench.plan.ladder else None
        figures += [
            Figure(group, "rows", "rows", (rows,)),
            Figure(group, "wall time", "s", (cost.wall_sec,), detail={"cpu_sec": round(cost.cpu_sec, 3)}),
            Figure(group, "rows per second, whole graph", "rows/s", (rows / cost.wall_sec,)),
            *(
                Figure(group, stage, "s", (seconds.get(stage, 0.0),), note=_rate(rows, seconds, stage))
                for stage in STAGES
            ),
            Figure(group, "peak memory (largest process)", "MB", (cost.peak_rss_mb,), memory_limit),
            *(
                Figure(group, f"{folder.name} on disk", "MB", (_megabytes(folder),))
                for folder in (layout.bronze, layout.silver, layout.warehouse.parent, layout.published)
            ),
        ]
        if before is not None:
            growth = (cost.wall_sec / before[1]) / (rows / before[0])
            figures.append(Figure(group, "growth of wall time / growth of rows", "×", (growth,), GROWTH_LIMIT))
        before, factor = (rows, cost.wall_sec), factor * 10
    return figures


def one_more_day(bench: Bench) -> list[Figure]:
    """Wall time of the build after the next midnight, on a short and on a long history, and their ratio."""
    group = f"one more day, {bench.plan.towers:,} towers"
    histories = (bench.plan.days, LONG_HISTORY_DAYS)
    wall: dict[int, tuple[float, ...]] = {}
    for days in histories:
        empty(home_of(bench, HOME))
        costs: list[float] = []
        for ago in range(bench.plan.repeats, -1, -1):
            bench.say(f"{group}: {days:,} days of history, {f'day {len(costs)}' if costs else 'the build before'}")
            settings = build_environment(bench, HOME, bench.plan.towers, days=days, days_ago=ago)
            costs.append(run(COMMANDS[GRAPH], settings).wall_sec)
        wall[days] = tuple(costs[1:])
    short, long = (wall[days] for days in histories)
    return [
        *(Figure(group, f"after {days:,} days", "s", wall[days]) for days in histories),
        Figure(group, "long history / short history", "×", ratios(long, short), DAY_LIMIT),
    ]


def _rows(layout: Layout) -> int:
    """Rows received, as the release says."""
    with duckdb.connect(str(layout.current / WAREHOUSE_FILE), read_only=True) as connection:
        (rows,) = connection.execute("select sum(rows_received) from ops.feed_summary").fetchall()[0]
    return int(rows)


def _rate(rows: int, seconds: dict[str, float], stage: str) -> str:
    return f"{rows / seconds[stage]:,.0f} rows/s" if seconds.get(stage) else ""


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()) / 1e6
