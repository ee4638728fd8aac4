"""`sentinel build`: says what it starts from, runs the job, and shows it as it goes."""

import gc
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from sentinel_orchestration.cli.progress import MARKS, RunProgress, run_bar, step_count, terminal
from sentinel_orchestration.cli.summary import print_summary
from sentinel_orchestration.feeds.inbox import inbox_files, stray_files
from sentinel_orchestration.lake.conform import listed
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.settings import Settings, newest_full_hour

if TYPE_CHECKING:
    from sentinel_orchestration.lake.run import DayRange


def build_command(
    settings: Settings,
    with_report: bool,
    started: float,
    allowed_missing: Sequence[str] = (),
    days: "DayRange | None" = None,
) -> int:
    """Exit code 0 only when every blocking check passed and the release is published.

    `started` is when the command did, by the monotonic clock: a person waits for the imports too. `days`: of event feeds,
    receives and gates these alone.
    """
    console = terminal()
    lake = Lake(settings, settings.as_of or newest_full_hour(), allowed_missing=frozenset(allowed_missing))
    console.print(_opening(lake, days), highlight=False, soft_wrap=True)
    _warn_of_ignored_files(console, lake)
    with console.status("loading the graph"):
        from sentinel_orchestration.automation.build import run_build, run_job
        from sentinel_orchestration.automation.instance import open_instance
        from sentinel_orchestration.automation.jobs import REPORT_JOB
        from sentinel_orchestration.definitions import build_definitions

        definitions, instance = build_definitions(settings), open_instance(settings)
    gc.freeze()  # half a million objects of imported modules need no looking at
    gc.enable()
    with run_bar(console) as progress:
        follower = RunProgress(progress, step_count(with_report))
        outcome = run_build(settings, lake, definitions, instance, with_report, follower, console.print, days)
    print_summary(console, lake, outcome, follower.seconds, time.monotonic() - started)
    if with_report and not outcome.published and settings.layout.site.exists():
        with console.status("building the report again, to show the failure"):
            shown = run_job(
                settings, definitions, instance, REPORT_JOB, "sentinel build", lambda _: None, console.print
            )
        said = (
            "The report's page on the pipeline shows it."
            if shown.success
            else "The report could not be built again to show it."
        )
        console.print(said, highlight=False)
    instance.dispose()  # what SQLite wrote ahead goes into the run's file: it would stay beside it, and be larger
    return 0 if outcome.succeeded else 1


def _opening(lake: Lake, days: "DayRange | None") -> str:
    """What the build starts from. What "now" means without a setting is only known when every event is in."""
    absent = [feed for feed in lake.contracts if lake.source(feed) == "absent"]
    sources = sorted({lake.source(feed) for feed in lake.contracts} - {"absent"})
    said = f"Building from the [bold]{' and the '.join(sources)}[/]" if sources else "Building without any feed"
    if lake.settings.as_of:
        said += f", as of {lake.as_of:%Y-%m-%d %H:%M} UTC"
    elif "simulator" in sources:
        said += f", simulated up to {lake.as_of:%Y-%m-%d %H:%M} UTC"
    if days:
        said += f", days {days.first} to {days.last} of event feeds"
    return f"{said}. Absent: {', '.join(absent)}" if absent else said


def _warn_of_ignored_files(console: Console, lake: Lake) -> None:
    inbox = lake.layout.inbox
    stray = listed([path.relative_to(inbox).as_posix() for path in stray_files(inbox, lake.contracts)])
    unread = [feed for feed, source in lake.sources.items() if source.pieces(feed) is None and inbox_files(inbox, feed)]
    messages = [f"Ignored: not in any feed's folder: {stray}. `sentinel ingest` finds the feed."] if stray else []
    messages += [f"Ignored: the files in {inbox / f}, for {lake.layout.sources} says {lake.source(f)}." for f in unread]
    for message in messages:
        console.print(f"{MARKS['warned']} {escape(message)}", highlight=False, soft_wrap=True)
