"""What a build came to: rows by feed, checks, times, and what was published."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sentinel_orchestration.cli.progress import MARKS
from sentinel_orchestration.files import relative_to_here
from sentinel_orchestration.lake.counts import silver_counts
from sentinel_orchestration.lake.received import Lake

if TYPE_CHECKING:
    from sentinel_orchestration.automation.build import BuildOutcome
    from sentinel_orchestration.publish.manifest import Manifest

WAYS = ("received", "good", "quarantined", "superseded", "duplicates")  # the first is the sum of the others
BASES = {
    "setting": "as set",
    "newest_event": "the hour after the newest event",
    "newest_row": "the hour after the newest time in any row",
}


def print_summary(
    console: Console, lake: Lake, outcome: "BuildOutcome", stages: Mapping[str, float], total_sec: float
) -> None:
    """Prints it, with what to do next."""
    from sentinel_orchestration.publish.manifest import read_current

    console.print(_feeds(lake))
    checks = "  ".join(f"{MARKS[status]} {count} {status}" for status, count in outcome.checks.items() if count)
    spent = "  ".join(f"{stage} {seconds:.1f} s" for stage, seconds in stages.items())
    console.print(f"\nchecks   {checks}\nstages   {spent}\ntotal    {total_sec:.1f} s", highlight=False, soft_wrap=True)
    release = read_current(lake.layout)
    if outcome.published and release:
        _print_release(console, lake, release)
    if outcome.succeeded:
        if lake.layout.site.exists():
            console.print(f"site     {relative_to_here(lake.layout.site / 'index.html')}", highlight=False)
        done = "Unchanged: this release was there already." if outcome.unchanged else "Published."
        runner = "make dev" if os.environ.get("MAKELEVEL") else "sentinel dev"
        console.print(f"\n[green]✓ {done}[/] Next: [bold]{runner}[/] serves the report and the Dagster UI.")
        return
    failed = "The data is published, its report is not." if outcome.published else "Nothing was released."
    why = escape(outcome.error or "")
    console.print(f"\n{MARKS['failed']} [red]{failed}[/] {why}", highlight=False, soft_wrap=True)
    if release and not outcome.published:
        console.print(f"The last good release, {release.release_id}, stays in place.", highlight=False)
    console.print(f"Run {outcome.run_id} is in the Dagster UI: [bold]sentinel dev[/].", highlight=False)


def _feeds(lake: Lake) -> Table:
    feeds = Table("feed", "source", box=None, header_style="bold", pad_edge=False)
    for heading in WAYS:
        feeds.add_column(heading, justify="right")
    for feed in lake.contracts:
        counts = silver_counts(lake.layout, feed)
        feeds.add_row(feed, lake.source(feed), *(f"{sum(getattr(c, way) for c in counts):,}" for way in WAYS))
    return feeds


def _print_release(console: Console, lake: Lake, release: "Manifest") -> None:
    lines = [
        f"release  [bold]{release.release_id}[/] ({release.verdict})",
        f"as of    {release.as_of:%Y-%m-%d %H:%M} UTC, {BASES.get(release.as_of_basis, release.as_of_basis)}",
        f"data     {relative_to_here(lake.layout.current / 'sentinel.duckdb')}",
    ]
    console.print("\n".join(lines), highlight=False, soft_wrap=True)
