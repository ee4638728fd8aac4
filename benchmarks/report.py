"""The report of the graph's release: built in full, and built again with the app that was compiled for it.

Run as `python -m benchmarks.report in-full|of-new-data`; the home comes from the SENTINEL_* variables.
"""

import shutil
import sys

from benchmarks.builds import GRAPH, build_environment
from benchmarks.child import PYTHON, Cost, run
from benchmarks.figures import Bench, Figure, ratios
from sentinel_orchestration.publish.site import build_site
from sentinel_orchestration.settings import load_settings

FULL, DATA_ONLY = "in-full", "of-new-data"
AIM = 0.2


def report_times(bench: Bench) -> list[Figure]:
    """Seconds and memory of both, and their ratio. The home of the graph must hold a release."""
    group = f"report, {bench.plan.towers:,} towers × {bench.plan.days} days"
    costs: dict[str, list[Cost]] = {FULL: [], DATA_ONLY: []}
    for repeat in range(1, bench.plan.report_repeats + 1):
        for name, taken in costs.items():
            bench.say(f"{group}: {name}, {repeat} of {bench.plan.report_repeats}")
            command = [PYTHON, "-m", "benchmarks.report", name]
            taken.append(run(command, build_environment(bench, GRAPH, bench.plan.towers)))
    wall = {name: tuple(cost.wall_sec for cost in taken) for name, taken in costs.items()}
    return [
        *(Figure(group, name, "s", seconds) for name, seconds in wall.items()),
        Figure(group, f"{DATA_ONLY} / {FULL}, wall time", "×", ratios(wall[DATA_ONLY], wall[FULL]), AIM),
        *(
            Figure(group, f"{name}, peak memory (largest process)", "MB", tuple(cost.peak_rss_mb for cost in taken))
            for name, taken in costs.items()
        ),
    ]


def main(name: str) -> None:
    """Removes what the build has to make, and builds."""
    settings = load_settings()
    if name == FULL:
        shutil.rmtree(settings.layout.report_apps, ignore_errors=True)
    for site in settings.layout.current.glob("site-*"):
        shutil.rmtree(site)
    build_site(settings, print, sys.exit)  # a build that is not what its name says is no measurement


if __name__ == "__main__":
    main(sys.argv[1])
