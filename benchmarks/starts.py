"""How long a person waits before anything works: `sentinel --help` and loading the definitions.

Belongs here: starting times in fresh processes. Does not belong here: work.
"""

from collections.abc import Sequence

from benchmarks.builds import build_environment
from benchmarks.child import PYTHON, SENTINEL, run
from benchmarks.figures import Bench, Figure

HELP_LIMIT_SEC, DEFINITIONS_LIMIT_SEC = 0.5, 4.0


def starting_times(bench: Bench) -> list[Figure]:
    """Wall times, after one unmeasured start each, with dbt's manifest where a build left it."""
    definitions = (PYTHON, "-c", "import sentinel_orchestration.definitions")
    return [
        _start(bench, "sentinel --help", (SENTINEL, "--help"), HELP_LIMIT_SEC),
        _start(bench, "import sentinel_orchestration.definitions", definitions, DEFINITIONS_LIMIT_SEC),
    ]


def _start(bench: Bench, name: str, command: Sequence[str], limit_sec: float) -> Figure:
    repeats = bench.plan.repeats
    bench.say(f"start: {name}, {repeats} times")
    environment = build_environment(bench, "graph", bench.plan.towers)
    if bench.plan.is_warm:
        run(command, environment)
    return Figure("start", name, "s", tuple(run(command, environment).wall_sec for _ in range(repeats)), limit_sec)
