"""The graph, the same graph written the stock way, and the plain script: in turn, each from empty folders with dbt's caches warm.

All three have to make the same tables; otherwise their times mean nothing.
"""

import json
import shutil
from collections.abc import Collection, Mapping
from datetime import timedelta
from pathlib import Path

import duckdb

from benchmarks.child import PYTHON, SENTINEL, Cost, environment, run
from benchmarks.figures import Bench, Figure, ratios
from sentinel_orchestration.layout import Layout
from sentinel_orchestration.publish.content import TableContent, release_contents
from sentinel_orchestration.publish.manifest import read_current
from sentinel_orchestration.warehouse.python_marts import python_marts

GRAPH, STOCK, PLAIN = "graph", "stock graph", "plain script"
COMMANDS = {
    GRAPH: [SENTINEL, "build", "--no-report"],
    STOCK: [PYTHON, "-m", "benchmarks.stock"],
    PLAIN: [PYTHON, "-m", "benchmarks.plain"],
}
SCHEMAS = ("marts", "reports")
AFTER_PYTHON = """
with recursive found as (
    select unnest($marts) as name
    union
    select edges.model from meta.edges inner join found on edges.kind = 'table' and edges.parent = found.name
)
select name from found
"""


class DifferentTablesError(RuntimeError):
    """Two of the builds did not make the same tables."""


def warm_up(bench: Bench) -> None:
    """Runs each command once, unmeasured, at the default size."""
    for name, command in COMMANDS.items():
        bench.say(f"warm-up: {name} (bytecode, dbt's parsed project)")
        run(command, build_environment(bench, name, bench.plan.towers))


def compare_builds(bench: Bench, towers: int, repeats: int, limit: float) -> list[Figure]:
    """Seconds, processor time and memory of each command at a size, and their ratios; `limit`: of graph / plain script."""
    group = f"build, {towers:,} towers × {bench.plan.days} days"
    costs: dict[str, list[Cost]] = {name: [] for name in COMMANDS}
    for repeat in range(1, repeats + 1):
        for name, command in COMMANDS.items():
            bench.say(f"{group}: {name}, {repeat} of {repeats}")
            empty(home_of(bench, name))
            costs[name].append(run(command, build_environment(bench, name, towers)))
            bench.say(f"  {costs[name][-1].wall_sec:.1f} s, processor {costs[name][-1].cpu_sec:.1f} s")
    bench.say(f"{group}: comparing the tables")
    detail: dict[str, dict[str, object]] = {GRAPH: {"rows_by_table": _same_tables(bench)}}
    # @dbt_assets has no place for unit tests: dbt runs them, but Dagster never hears of them.
    notes = {STOCK: f"no checks for {_unit_tests(bench)} unit tests"}
    wall, cpu = (
        {name: tuple(getattr(c, of) for c in costs[name]) for name in COMMANDS} for of in ("wall_sec", "cpu_sec")
    )
    return [
        *(Figure(group, n, "s", wall[n], note=notes.get(n, ""), detail=detail.get(n, {})) for n in COMMANDS),
        Figure(group, f"{STOCK} / {GRAPH}, wall time", "×", ratios(wall[STOCK], wall[GRAPH]), 1.0, "over"),
        Figure(group, f"{GRAPH} / {PLAIN}, wall time", "×", ratios(wall[GRAPH], wall[PLAIN]), limit),
        *(Figure(group, f"{name}, processor time", "s", cpu[name]) for name in COMMANDS),
        *(
            Figure(group, f"{name}, peak memory (largest process)", "MB", tuple(c.peak_rss_mb for c in costs[name]))
            for name in COMMANDS
        ),
    ]


def home_of(bench: Bench, name: str) -> Path:
    """The home folder of a command, or of another build of that name."""
    return bench.scratch / name.replace(" ", "-")


def build_environment(
    bench: Bench, name: str, towers: int, days: int | None = None, days_ago: int = 0
) -> dict[str, str]:
    """The environment of a build in the home of that name, as of the plan's moment or some days before it."""
    plan = bench.plan
    as_of = plan.as_of - timedelta(days=days_ago)
    sizes = {"home": home_of(bench, name), "as_of": as_of.isoformat(), "towers": towers, "days": days or plan.days}
    return environment(**sizes)


def empty(home: Path) -> None:
    """Removes what a build made, except what dbt parsed, so that the next one does all its work.

    Afterwards the folder of the warehouse is there, as after `sentinel init`.
    """
    layout = Layout(home)
    for path in layout.data.glob("*"):
        if path == layout.dbt_target:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    layout.warehouse.parent.mkdir(parents=True, exist_ok=True)


def _same_tables(bench: Bench) -> Mapping[str, int]:
    """Rows by table of the release. Raises DifferentTablesError if the others made other rows of any table.

    The plain script has no Python marts, so these and the tables that read them are not compared with its own.
    """
    graph = Layout(home_of(bench, GRAPH))
    release = read_current(graph)
    assert release is not None
    expected = {
        name: t.sha256 for name, t in release.tables.items() if name.startswith(tuple(f"{s}." for s in SCHEMAS))
    }
    with duckdb.connect(str(graph.warehouse), read_only=True) as connection:
        rows = connection.execute(AFTER_PYTHON, {"marts": [mart.name for mart in python_marts()]}).fetchall()
    after_python = {f"{schema}.{name}" for schema in SCHEMAS for (name,) in rows}
    for name, omitted in ((STOCK, set[str]()), (PLAIN, after_python)):
        made = {c.name: c.sha256 for c in _tables(bench, name)}
        differing = sorted(
            t for t in expected.keys() | made.keys() if expected.get(t) != made.get(t) and t not in omitted
        )
        if differing:
            raise DifferentTablesError(f"the {name} made other rows of {', '.join(differing)} than the {GRAPH}")
    return {name: release.tables[name].rows for name in expected}


def _tables(bench: Bench, name: str) -> Collection[TableContent]:
    """The content of every mart and report table in the working warehouse of a home."""
    with duckdb.connect(str(Layout(home_of(bench, name)).warehouse), read_only=True) as connection:
        return [c for c in release_contents(connection, bench.scratch) if c.name.split(".")[0] in SCHEMAS]


def _unit_tests(bench: Bench) -> int:
    manifest = Layout(home_of(bench, STOCK)).dbt_target / "manifest.json"
    return len(json.loads(manifest.read_text(encoding="utf-8"))["unit_tests"])
