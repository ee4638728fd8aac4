"""What a person at a terminal sees of a command: what it starts from, and a summary when it ends.

Belongs here: rendering with rich. Does not belong here: a run as it happens (progress) or the work (automation, lake, publish).
"""

import gc
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.feeds.inbox import expand, feed_of, place, stray_files
from sentinel_orchestration.feeds.openable import BatchRefusedError
from sentinel_orchestration.files import relative_to_here
from sentinel_orchestration.lake.batches import Bronze
from sentinel_orchestration.lake.bronze import now, receive_file
from sentinel_orchestration.lake.conform import listed
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lock import hold_build_lock
from sentinel_orchestration.progress import MARKS, RunProgress, run_bar, step_count, terminal
from sentinel_orchestration.settings import Settings, load_settings, newest_full_hour

if TYPE_CHECKING:
    from sentinel_orchestration.automation.build import BuildOutcome


def build_command(with_report: bool) -> int:
    """`sentinel build`: exit code 0 only when every blocking check passed and the build is published."""
    console = terminal()
    settings = load_settings()
    lake = Lake(settings, settings.as_of or newest_full_hour())
    sources = sorted({lake.source(feed) for feed in lake.contracts})
    console.print(f"Building from the [bold]{' and the '.join(sources)}[/], as of {lake.as_of:%Y-%m-%d %H:%M} UTC")
    stray = stray_files(settings.inbox_dir, lake.contracts)
    if stray:
        names = listed([path.relative_to(settings.inbox_dir).as_posix() for path in stray])
        console.print(
            f"{MARKS['warned']} Left out, as no feed's folder holds them: {escape(names)}. `sentinel ingest` finds the feed.",
            highlight=False,
        )
    with console.status("loading the graph"):
        from sentinel_orchestration.automation.build import receive_all, run_build
        from sentinel_orchestration.automation.instance import open_instance

        hold_build_lock(settings.build_dir, "sentinel build", console.print)
        receive_all(lake)
        from sentinel_orchestration.definitions import defs

        instance = open_instance(settings)
    gc.collect()
    gc.freeze()  # a million objects of imported modules need no more looking at
    with run_bar(console) as progress:
        follower = RunProgress(progress, step_count(with_report))
        outcome = run_build(settings, lake, defs, instance, with_report, follower, console.print)
    _print_summary(console, settings, lake, outcome, follower.seconds)
    return 0 if outcome.succeeded else 1


def ingest_command(paths: Sequence[Path], feed: str | None) -> int:
    """`sentinel ingest`: exit code 0 only when every file was accepted. What was accepted stays accepted."""
    console, settings, contracts = Console(), load_settings(), load_contracts()
    if feed is not None and feed not in contracts:
        raise BatchRefusedError(f"--feed {feed}: no such feed. Use one of {', '.join(sorted(contracts))}.")
    table = Table("file", "feed", "rows", "days", "note", box=None, header_style="bold", pad_edge=False)
    refused: list[str] = []
    files = [file for path in paths for file in expand(path)]
    for file in files:
        try:
            name = feed or feed_of(file, contracts)
            record = receive_file(
                Bronze(settings.bronze_dir, contracts[name]),
                file,
                now(),
                settings.gate_chunk_rows,
                max_expansion=settings.max_expansion,
            )
            if record.refused_because:
                raise BatchRefusedError(record.refused_because)
        except BatchRefusedError as error:
            refused.append(str(error))
            continue
        place(file, settings.inbox_dir, name)
        days = [day for day in record.rows_by_day if day]
        extra = f"ignored columns: {listed(record.extra_columns)}" if record.extra_columns else ""
        span = f"{min(days)} to {max(days)}" if days else "snapshot"
        table.add_row(escape(file.name), name, f"{record.rows:,}", span, escape(extra))
    if table.row_count:
        console.print(table)
    for message in refused:
        console.print(f"{MARKS['failed']} {escape(message)}", highlight=False, soft_wrap=True)
    kept = relative_to_here(settings.inbox_dir)
    console.print(f"{table.row_count} of {len(files)} files taken into {kept}/. Next: [bold]sentinel build[/]")
    return 1 if refused else 0


def rollback_command() -> int:
    """`sentinel rollback`: the previous build becomes current again."""
    from sentinel_orchestration.publish.swap import roll_back

    console, settings = Console(), load_settings()
    hold_build_lock(settings.build_dir, "sentinel rollback", console.print)
    back, away = roll_back(settings)
    console.print(f"[green]✓[/] {back} is published again; {away} is put away.")
    if not settings.site_dir.exists():
        console.print("  That build has no report; none is shown until the next [bold]sentinel build[/].")
    console.print(f"  {relative_to_here(settings.current_dir)}. Next: [bold]sentinel build[/] publishes a new one.")
    return 0


def _print_summary(
    console: Console, settings: Settings, lake: Lake, outcome: "BuildOutcome", seconds: dict[str, float]
) -> None:
    from sentinel_orchestration.lake.counts import silver_counts
    from sentinel_orchestration.warehouse.published import read_published

    feeds = Table("feed", "source", box=None, header_style="bold", pad_edge=False)
    for heading in ("received", "good", "quarantined", "duplicates"):
        feeds.add_column(heading, justify="right")
    for feed in lake.contracts:
        counts = silver_counts(settings.silver_dir, feed)
        sums = [sum(getattr(c, name) for c in counts) for name in ("received", "good", "quarantined", "duplicates")]
        feeds.add_row(feed, lake.source(feed), *(f"{value:,}" for value in sums))
    console.print(feeds)
    stages = "  ".join(f"{stage} {spent:.1f} s" for stage, spent in seconds.items())
    checks = "  ".join(f"{MARKS[status]} {count} {status}" for status, count in outcome.checks.items() if count)
    console.print(
        f"\nchecks   {checks}\nstages   {stages}\ntotal    {outcome.seconds:.1f} s", highlight=False, soft_wrap=True
    )
    published = read_published(settings)
    if outcome.published and published:
        console.print(f"build    [bold]{published['build_id']}[/] ({published['verdict']})", highlight=False)
        console.print(f"data     {relative_to_here(settings.current_dir / 'sentinel.duckdb')}", highlight=False)
    if outcome.succeeded:
        if settings.site_dir.exists():
            console.print(f"site     {relative_to_here(settings.site_dir / 'index.html')}", highlight=False)
        runner = "make dev" if os.environ.get("MAKELEVEL") else "sentinel dev"
        console.print(f"\n[green]✓ Published.[/] Next: [bold]{runner}[/] serves the report and the Dagster UI.")
        return
    failed = "The data is published, its report is not." if outcome.published else "Nothing was published."
    console.print(
        f"\n{MARKS['failed']} [red]{failed}[/] {escape(outcome.error or '')}", highlight=False, soft_wrap=True
    )
    if published and not outcome.published:
        console.print(f"The last good build, {published['build_id']}, stays in place.", highlight=False)
    console.print(f"Run {outcome.run_id} stands in the Dagster UI: [bold]sentinel dev[/].", highlight=False)
