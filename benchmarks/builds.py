"""The whole graph against the plain script, in turn, each from empty data folders with dbt's caches warm.

Belongs here: both commands, what is removed before each, and proof that both made the same marts. Does not belong here:
where the graph's time goes (shares).
"""

import json
import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import duckdb

from benchmarks.child import PYTHON, SENTINEL, Cost, environment, run
from benchmarks.figures import Bench, Figure, ratios
from benchmarks.plain import plain_database
from sentinel_orchestration.publish.content import table_contents
from sentinel_orchestration.settings import load_settings

GRAPH = [SENTINEL, "build", "--no-report"]
PLAIN = [PYTHON, "-m", "benchmarks.plain"]
KEPT = "dbt"  # dbt's manifest and partial parse: what "warm" means


class DifferentMartsError(RuntimeError):
    """The graph and the plain script did not make the same marts, so their times mean nothing."""


def warm_up(bench: Bench) -> None:
    """Runs both once, unmeasured, at the default size."""
    bench.say("warm-up: the graph, then the plain script (bytecode, dbt's parsed project)")
    for home, command in (("graph", GRAPH), ("plain", PLAIN)):
        run(command, build_environment(bench, home, bench.plan.towers))


def graph_against_plain(bench: Bench, towers: int, repeats: int, limit: float) -> list[Figure]:
    """Wall time of both at a size, their ratio and their memory."""
    group = f"build, {towers:,} towers × {bench.plan.days} days"
    graph: list[Cost] = []
    plain: list[Cost] = []
    for repeat in range(1, repeats + 1):
        for name, command, costs in (("graph", GRAPH, graph), ("plain", PLAIN, plain)):
            bench.say(f"{group}: {name}, {repeat} of {repeats}")
            empty(bench.scratch / name)
            costs.append(run(command, build_environment(bench, name, towers)))
            bench.say(f"  {costs[-1].wall_sec:.1f} s, processor {costs[-1].cpu_sec:.1f} s")
    rows = _same_marts(bench)
    walls = [tuple(c.wall_sec for c in costs) for costs in (graph, plain)]
    cpus = [tuple(c.cpu_sec for c in costs) for costs in (graph, plain)]
    return [
        Figure(group, "graph", "s", walls[0], detail=_detail(graph) | {"rows_by_mart": rows}),
        Figure(group, "plain script", "s", walls[1], detail=_detail(plain)),
        Figure(group, "graph / plain, wall time", "×", ratios(*walls), limit),
        Figure(group, "graph / plain, processor time", "×", ratios(*cpus)),
        Figure(group, "graph, peak memory of its largest process", "MB", tuple(c.peak_rss_mb for c in graph)),
        Figure(group, "plain script, peak memory of its largest process", "MB", tuple(c.peak_rss_mb for c in plain)),
    ]


def build_environment(
    bench: Bench, home: str, towers: int, days: int | None = None, days_ago: int = 0
) -> dict[str, str]:
    """The environment of a build in one of the scratch's homes, as of the plan's moment or some days before it."""
    plan = bench.plan
    as_of = plan.as_of - timedelta(days=days_ago)
    sizes = {"home": bench.scratch / home, "as_of": as_of.isoformat(), "towers": towers, "days": days or plan.days}
    return environment(bench.scratch, inbox_feeds="none", **sizes)


def empty(home: Path) -> None:
    """Removes all that a build made but the caches, so that the next one does all its work."""
    for path in (home / "data").glob("*"):
        if path.name == KEPT:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _same_marts(bench: Bench) -> Mapping[str, int]:
    """Rows of each mart. Raises DifferentMartsError where a mart of one is not that of the other, to the last row."""
    graph, plain = (load_settings(home=bench.scratch / name) for name in ("graph", "plain"))
    manifest = json.loads((graph.current_dir / "manifest.json").read_text(encoding="utf-8"))
    published = {name: table["sha256"] for name, table in manifest["tables"].items()}
    with duckdb.connect(str(plain_database(plain)), read_only=True) as connection:
        contents = table_contents(connection, "marts", bench.scratch)
    differing = sorted(set(published.items()) ^ {(c.name, c.sha256) for c in contents})
    if differing:
        raise DifferentMartsError(f"marts differ: {', '.join(sorted({name for name, _ in differing}))}")
    return {c.name: c.rows for c in contents}


def _detail(costs: list[Cost]) -> dict[str, object]:
    return {"cpu_sec": [round(c.cpu_sec, 3) for c in costs]}
