"""`python -m benchmarks`: measures everything, prints a table, keeps JSON. `--help` lists the options."""

import argparse
import sys
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from benchmarks import result
from benchmarks.builds import compare_builds, warm_up
from benchmarks.figures import Bench, Figure, Plan
from benchmarks.ladder import ladder, one_more_day
from benchmarks.limits import engine_limits
from benchmarks.report import report_times
from benchmarks.rows import row_rates
from benchmarks.shares import graph_shares
from benchmarks.starts import starting_times
from sentinel_orchestration.settings import newest_full_hour

WIDTH = 120  # of a table in a log
DEFAULT_LIMIT, LARGE_LIMIT = 2.0, 1.7  # of the graph's time over the plain script's
OPTIONS = {
    "towers": "towers of the default size",
    "days": "days of every build",
    "scale": "factor on the towers for the large build; 0 skips it",
    "ladder": "factor on the towers for the last rung of the ladder; 0 skips it and the long history",
    "repeats": "measured repeats at the default size",
    "large_repeats": "measured repeats of the large build",
    "report_repeats": "measured repeats of the report's two builds; 0 skips them",
    "gate_rows": "rows for the generator and the gate",
    "loop_rows": "rows for the pydantic loop, a sample of these",
}


def measure(bench: Bench) -> list[Figure]:
    """Every figure of the plan, in the order of the table."""
    plan = bench.plan
    if plan.is_warm:
        warm_up(bench)
    figures = starting_times(bench)
    figures += row_rates(bench)
    figures += compare_builds(bench, plan.towers, plan.repeats, DEFAULT_LIMIT)
    if plan.report_repeats:
        figures += report_times(bench)
    figures += graph_shares(bench, plan.towers)
    if plan.scale:
        figures += compare_builds(bench, plan.towers * plan.scale, plan.large_repeats, LARGE_LIMIT)
        figures += graph_shares(bench, plan.towers * plan.scale)
        figures += engine_limits(bench)
    if plan.ladder:
        figures += ladder(bench)
        figures += one_more_day(bench)
    return figures


def main() -> int:
    """Exit code 0 when every measurement was taken, whether or not it meets its limit."""
    plan, results = _arguments()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    console.print(f"Measuring Sentinel as of {plan.as_of:%Y-%m-%d %H:%M} UTC, each command in its own process.")
    with TemporaryDirectory(prefix="sentinel-bench-") as scratch:
        say = lambda text: console.print(f"[dim]{text}[/]")  # noqa: E731
        figures = measure(Bench(plan, Path(scratch), say))
    result.show(console, figures)
    path = result.write(plan, figures, results)
    console.print(f"\nwritten to {path}")
    return 0


def _arguments() -> tuple[Plan, Path]:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="skip the large builds")
    parser.add_argument("--cold", action="store_true", help="no warm-up: to try the harness, not to measure")
    parser.add_argument("--results", type=Path, default=result.RESULTS, help="folder of the JSON")
    defaults = {field.name: field.default for field in fields(Plan)}
    for name, meaning in OPTIONS.items():
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=int, default=defaults[name], help=f"{meaning} (%(default)s)")
    given = parser.parse_args()
    sizes = {name: getattr(given, name) for name in OPTIONS}
    if given.quick:
        sizes["scale"] = sizes["ladder"] = 0
    return Plan(as_of=newest_full_hour(), is_warm=not given.cold, **sizes), given.results


if __name__ == "__main__":
    sys.exit(main())
