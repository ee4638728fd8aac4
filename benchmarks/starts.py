"""How long a person waits before anything works: `sentinel --help`, and loading the definitions, each in a fresh process."""

from collections.abc import Sequence

from benchmarks.builds import GRAPH, build_environment
from benchmarks.child import PYTHON, SENTINEL, run
from benchmarks.figures import Bench, Figure

HELP_LIMIT_SEC, DEFINITIONS_LIMIT_SEC = 0.5, 4.0
LOAD = "from sentinel_orchestration.definitions import build_definitions; build_definitions().get_repository_def()"


def starting_times(bench: Bench) -> list[Figure]:
    """Wall times, after one unmeasured start each. The project is parsed already if a build ran before."""
    return [
        _start(bench, "sentinel --help", (SENTINEL, "--help"), HELP_LIMIT_SEC),
        _start(bench, "loading the definitions", (PYTHON, "-c", LOAD), DEFINITIONS_LIMIT_SEC),
    ]


def _start(bench: Bench, name: str, command: Sequence[str], limit_sec: float) -> Figure:
    repeats = bench.plan.repeats
    bench.say(f"start: {name}, {repeats} times")
    environment = build_environment(bench, GRAPH, bench.plan.towers)
    if bench.plan.is_warm:
        run(command, environment)
    return Figure("start", name, "s", tuple(run(command, environment).wall_sec for _ in range(repeats)), limit_sec)
