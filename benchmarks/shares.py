"""Where the graph's time goes, line by line.

Belongs here: one traced build and its lines. Does not belong here: the clock (traced) or the comparison (builds). The
clock costs a little itself, so the whole may take longer than an untraced build.
"""

import json
import time

from benchmarks.builds import build_environment, empty
from benchmarks.child import PYTHON, run
from benchmarks.figures import Bench, Figure

OTHER = "other (Python's end)"


def graph_shares(bench: Bench, towers: int) -> list[Figure]:
    """Seconds of each part of one build, the largest first, and the remainder."""
    group = f"shares of the graph, {towers:,} towers"
    bench.say(f"{group}: one build with a clock in it")
    empty(bench.scratch / "graph")
    told = bench.scratch / "shares.json"
    started_at = str(time.time())
    cost = run([PYTHON, "-m", "benchmarks.traced", str(told), started_at], build_environment(bench, "graph", towers))
    seconds: dict[str, float] = json.loads(told.read_text(encoding="utf-8"))
    seconds = dict(sorted(seconds.items(), key=lambda item: -item[1]))
    seconds[OTHER] = cost.wall_sec - sum(seconds.values())
    lines = [Figure(group, name, "s", (spent,), note=f"{spent / cost.wall_sec:.1%}") for name, spent in seconds.items()]
    return [*lines, Figure(group, "whole", "s", (cost.wall_sec,), note="100.0%")]
