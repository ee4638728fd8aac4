"""A run as it happens, for a person at a terminal: a bar, what long steps are doing, checks that did not pass."""

import logging
import os
import sys
from collections import defaultdict
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column

from sentinel_orchestration.contracts import load_contracts

if TYPE_CHECKING:
    from dagster import EventLogEntry

STAGES = {
    "bronze": "receive",
    "silver": "gate",
    "volume_checks": "checks",
    "freshness_checks": "checks",
    "expectations_checks": "checks",
    "mart_expectations": "checks",
    "dbt_models": "dbt",
    "dbt_reports": "dbt",
    "marts": "python marts",
    "published__warehouse": "publish",
    "observe__health": "health",
    "published__report": "report",
}
LONG_STEPS = {"dbt_models": "dbt", "dbt_reports": "dbt", "published__report": "report"}  # what they log is shown
SKIPPED = "Dependencies for step "  # Dagster's message for each step behind a failed one; the summary names that one
BAR_WIDTH, BESIDE_TEXT = 20, 38  # the latter: spinner, bar, count and time, with a space between
PIPE_WIDTH = 240
MARKS = {"passed": "[green]✓[/]", "skipped": "[dim]–[/]", "warned": "[yellow]![/]", "failed": "[red]✗[/]"}


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
            self._show_message(entry)
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

    def _show_message(self, entry: "EventLogEntry") -> None:
        text = entry.user_message
        if text.startswith(SKIPPED):
            return
        if int(entry.level) >= logging.WARNING:
            self._progress.console.print(f"{MARKS['warned']} {escape(text)}", highlight=False, soft_wrap=True)
        elif entry.step_key in LONG_STEPS and text:
            self._progress.update(self._task, description=escape(f"{LONG_STEPS[entry.step_key]}: {text}"))

    def _report_check(self, check: object) -> None:
        if getattr(check, "passed", True):
            return
        is_warning = getattr(check.severity, "value", "") == "WARN"  # type: ignore[attr-defined]
        mark = MARKS["warned"] if is_warning else MARKS["failed"]
        asset = check.asset_key.to_user_string()  # type: ignore[attr-defined]
        said = str(check.description or "")  # type: ignore[attr-defined]
        if not is_warning and check.blocking:  # type: ignore[attr-defined]
            said = said.partition("\n")[0]  # the summary says all of it
        text = escape(f"{asset} {check.check_name}: {said}")  # type: ignore[attr-defined]
        self._progress.console.print(f"{mark} {text}", highlight=False, soft_wrap=True)


def stage_of(step: str) -> str:
    """The stage a step belongs to, as the summary names it."""
    return STAGES.get(step) or STAGES.get(step.split("__")[0], step)


def terminal() -> Console:
    """A console on the terminal itself: while a step works, Dagster points this process's stdout at the step's log."""
    try:
        descriptor = os.dup(sys.stdout.fileno())
    except (AttributeError, OSError, ValueError):  # no stdout, or one that is no file: this process reads along
        return Console()
    return Console(file=os.fdopen(descriptor, "w", encoding=sys.stdout.encoding))


def wide_in_a_pipe() -> Console:
    """A console that gives each row of a table one line where a program reads along, which has no width of its own."""
    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)


def run_bar(console: Console) -> Progress:
    """The bar of a run, gone when it ends. What a step prints stays in the step's log."""
    text = Column(no_wrap=True, overflow="ellipsis", max_width=max(BAR_WIDTH, console.width - BESIDE_TEXT))
    described = TextColumn("{task.description}", table_column=text)
    columns = (described, BarColumn(BAR_WIDTH), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(
        SpinnerColumn(), *columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False
    )


def step_count(with_report: bool) -> int:
    """The steps of a build, but for those that Dagster splits because the graph asks for it."""
    return 2 * len(load_contracts()) + (10 if with_report else 8)
