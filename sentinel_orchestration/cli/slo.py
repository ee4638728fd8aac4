"""`sentinel slo`: how much of each error budget is left, and how fast it burns."""

from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sentinel_orchestration.cli.feeds import NOTHING
from sentinel_orchestration.cli.history import history_up_to_now
from sentinel_orchestration.cli.progress import MARKS, terminal, wide_in_a_pipe
from sentinel_orchestration.observe.objectives import read_objectives
from sentinel_orchestration.observe.slos import SloStatus, slo_status
from sentinel_orchestration.settings import load_settings

RUNBOOK = "docs/runbooks/error-budget.md"
BURNS = {"burning fast": MARKS["failed"], "burning": MARKS["warned"]}


def slo_command() -> int:
    """Exit code 0: what is wrong with an SLO is in its line."""
    settings, console = load_settings(), wide_in_a_pipe()
    read_objectives(settings.layout.slos)  # a file that cannot be used is an error here, and an incident elsewhere
    with terminal().status("reading the history"):
        history = history_up_to_now(settings)
    with history.transaction() as connection:
        found = slo_status(connection, datetime.now(UTC).replace(tzinfo=None))
    console.print(_table(found))
    _print_next(console, found)
    return 0


def _table(found: list[SloStatus]) -> Table:
    table = Table("slo", box=None, header_style="bold", pad_edge=False)
    for heading in ("objective", "days", "events", "budget left", "burn 1 h", "6 h", "3 d"):
        table.add_column(heading, justify="right")
    table.add_column("verdict")
    for slo in found:
        burns = (_rate(burn) for burn in (slo.burn_1h, slo.burn_6h, slo.burn_3d))
        promise = (f"{slo.objective * 100:.6g}%", f"{slo.window_days}", f"{slo.events:,}", _left(slo))
        table.add_row(slo.name, *promise, *burns, f"{BURNS.get(slo.verdict, '')} {slo.verdict}".strip())
    return table


def _left(slo: SloStatus) -> str:
    if slo.budget_left_share is None:
        return NOTHING
    shown = f"{slo.budget_left_share:.0%}"
    return f"[red]{shown}[/]" if slo.budget_left_share <= 0 else shown


def _rate(burn: float | None) -> str:
    return NOTHING if burn is None else f"{burn:.1f}×"


def _print_next(console: Console, found: list[SloStatus]) -> None:
    """What burns, in words, and what to do now."""
    for slo in found:
        if slo.alert:
            console.print(f"\n{BURNS[slo.verdict]} {slo.name}: {escape(slo.in_words)}", highlight=False, soft_wrap=True)
    spent = [slo.name for slo in found if slo.verdict == "spent"]
    if spent:
        console.print(f"\n{MARKS['warned']} Spent, and not burning now: {', '.join(spent)}.", highlight=False)
    if spent or any(slo.alert for slo in found):
        console.print(f"Next: {RUNBOOK} says how to find the cause.", highlight=False)
    elif not found:
        console.print("Nothing is promised: slos.yaml has no SLO.", highlight=False)
    else:
        console.print(f"\n{MARKS['passed']} No error budget burns. Nothing to do.", highlight=False)
