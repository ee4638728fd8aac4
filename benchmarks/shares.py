"""Where the graph's time goes, part by part.

The clock itself costs a little, so the whole may take longer than an untraced build.
"""

import json
import time

from benchmarks.builds import GRAPH, build_environment, empty, home_of
from benchmarks.child import PYTHON, Cost, run
from benchmarks.figures import Bench, Figure

OTHER = "other (Python shuts down)"


def graph_shares(bench: Bench, towers: int) -> list[Figure]:
    """Seconds of each part of one build, the largest first, and the remainder."""
    group = f"shares of the graph, {towers:,} towers"
    bench.say(f"{group}: one build with a clock in it")
    seconds, cost = traced_build(bench, GRAPH, towers)
    seconds = dict(sorted(seconds.items(), key=lambda item: -item[1]))
    seconds[OTHER] = cost.wall_sec - sum(seconds.values())
    lines = [Figure(group, name, "s", (spent,), note=f"{spent / cost.wall_sec:.1%}") for name, spent in seconds.items()]
    return [*lines, Figure(group, "whole", "s", (cost.wall_sec,), note="100.0%")]


def traced_build(bench: Bench, name: str, towers: int) -> tuple[dict[str, float], Cost]:
    """Builds the graph from nothing in the home of that name, with the clock in it: section → seconds, and its cost."""
    empty(home_of(bench, name))
    measured = bench.scratch / "traced.json"
    command = [PYTHON, "-m", "benchmarks.traced", str(measured), str(time.time())]
    cost = run(command, build_environment(bench, name, towers))
    seconds: dict[str, float] = json.loads(measured.read_text(encoding="utf-8"))
    return seconds, cost
