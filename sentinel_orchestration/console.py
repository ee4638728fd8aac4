"""What a person at a terminal sees of a command: progress while it works, a summary when it ends.

Belongs here: rendering with rich. Does not belong here: the work (automation, lake, publish).
"""

import gc
import logging
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
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
from sentinel_orchestration.settings import Settings, load_settings, newest_full_hour

if TYPE_CHECKING:
    from dagster._core.events.log import EventLogEntry

    from sentinel_orchestration.automation.build import BuildOutcome

STAGES = {
    "bronze": "receive",
    "silver": "gate",
    "row_volume": "checks",
    "source_freshness": "checks",
    "great_expectations": "checks",
    "dbt_models": "dbt",
    "published__warehouse": "publish",
    "published__report": "report",
}
LONG_STEPS = {"dbt_models": "dbt", "published__report": "report"}  # what they tell of themselves stands beside the bar
PROGRESS_WIDTH = 70
MARKS = {"passed": "[green]✓[/]", "warned": "[yellow]![/]", "failed": "[red]✗[/]"}


class RunProgress:
    """Follows a run's events: a bar of its steps, a line for each check that did not pass, seconds by stage."""

    def __init__(self, progress: Progress, steps: int) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._progress = progress
        self._task = progress.add_task("starting", total=steps)
        self._started: dict[str, float] = {}

    def __call__(self, entry: "EventLogEntry") -> None:
        """Takes one event of the run."""
        event = entry.dagster_event
        if event is None:
            if int(entry.level) >= logging.WARNING:
                self._progress.console.print(
                    f"{MARKS['warned']} {escape(entry.user_message)}", highlight=False, soft_wrap=True
                )
            elif entry.step_key in LONG_STEPS and entry.user_message:
                text = f"{LONG_STEPS[entry.step_key]}: {entry.user_message}"
                self._progress.update(self._task, description=escape(text[:PROGRESS_WIDTH]))
            return
        kind, step = event.event_type_value, event.step_key or ""
        if kind == "STEP_START":
            self._started[step] = entry.timestamp
            self._progress.update(self._task, description=step.replace("__", "/").replace("_", " "))
        elif kind in ("STEP_SUCCESS", "STEP_FAILURE"):
            self.seconds[stage_of(step)] += entry.timestamp - self._started.get(step, entry.timestamp)
            self._progress.advance(self._task)
        elif kind == "ASSET_CHECK_EVALUATION":
            self._report_check(event.asset_check_evaluation_data)

    def _report_check(self, check: object) -> None:
        if getattr(check, "passed", True):
            return
        is_warning = getattr(check.severity, "value", "") == "WARN"  # type: ignore[attr-defined]
        mark = MARKS["warned"] if is_warning else MARKS["failed"]
        asset = check.asset_key.to_user_string()  # type: ignore[attr-defined]
        text = escape(f"{asset} {check.check_name}: {check.description or ''}")  # type: ignore[attr-defined]
        self._progress.console.print(f"{mark} {text}", highlight=False)


def stage_of(step: str) -> str:
    """The stage a step belongs to, as the summary names it."""
    return STAGES.get(step) or STAGES.get(step.split("__")[0], step)


def run_bar(console: Console) -> Progress:
    """The bar of a run, gone when it ends."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(SpinnerColumn(), *columns, console=console, transient=True)


def step_count(with_report: bool) -> int:
    """The steps of a build."""
    return 2 * len(load_contracts()) + (6 if with_report else 5)


def build_command(with_report: bool) -> int:
    """`sentinel build`: exit code 0 only when every blocking check passed and the build is published."""
    console = Console()
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
