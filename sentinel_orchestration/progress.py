"""A run as it happens, for a person at a terminal: a bar, what long steps are at, checks that did not pass.

Belongs here: following the events of a run. Does not belong here: summaries and commands (console).
"""

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
    from dagster._core.events.log import EventLogEntry

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
BAR_WIDTH, BESIDE_TEXT = 20, 38  # the latter: spinner, bar, count and time, with a space between
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
                self._progress.update(
                    self._task, description=escape(f"{LONG_STEPS[entry.step_key]}: {entry.user_message}")
                )
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


def terminal() -> Console:
    """A console on the terminal itself: while a step works, Dagster points this process's stdout at the step's log."""
    try:
        descriptor = os.dup(sys.stdout.fileno())
    except (AttributeError, OSError, ValueError):  # no stdout, or one that is no file: this process reads along
        return Console()
    return Console(file=os.fdopen(descriptor, "w", encoding=sys.stdout.encoding))


def run_bar(console: Console) -> Progress:
    """The bar of a run, gone when it ends. What a step prints stays in the step's log."""
    text = Column(no_wrap=True, overflow="ellipsis", max_width=max(BAR_WIDTH, console.width - BESIDE_TEXT))
    described = TextColumn("{task.description}", table_column=text)
    columns = (described, BarColumn(BAR_WIDTH), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(
        SpinnerColumn(), *columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False
    )


def step_count(with_report: bool) -> int:
    """The steps of a build."""
    return 2 * len(load_contracts()) + (6 if with_report else 5)
