"""`sentinel prune`: what is removed, why, and what it frees."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from sentinel_orchestration.cli.progress import terminal, wide_in_a_pipe
from sentinel_orchestration.settings import Settings, load_settings

if TYPE_CHECKING:
    import dagster as dg

    from sentinel_orchestration.surplus import Surplus


class PruneFailedError(RuntimeError):
    """The retention job failed; the message says why."""


def prune_command(dry_run: bool) -> int:
    """Runs the retention job, so that it waits for its turn; with `dry_run`, shows what the job would remove."""
    console, settings = wide_in_a_pipe() if dry_run else terminal(), load_settings()
    with console.status("loading the graph"):
        from sentinel_orchestration.automation.instance import open_instance
        from sentinel_orchestration.automation.retention import KINDS

        instance = open_instance(settings)
    if not dry_run:
        return _prune(console, settings, instance)
    found = [surplus for kind in KINDS for surplus in kind.surplus(settings, instance)]
    if found:
        console.print(_table(found))
    total = decimal(sum(surplus.size_bytes for surplus in found))
    console.print(
        f"{total} would be freed. Next: [bold]sentinel prune[/]" if found else _nothing(settings), soft_wrap=True
    )
    return 0


def _prune(console: Console, settings: Settings, instance: "dg.DagsterInstance") -> int:
    from sentinel_orchestration.automation.build import run_job
    from sentinel_orchestration.automation.failures import first_error
    from sentinel_orchestration.automation.retention import KINDS, RETENTION_JOB
    from sentinel_orchestration.definitions import upkeep_definitions

    steps, said = {kind.step for kind in KINDS}, list[str]()

    def show(entry: "dg.EventLogEntry") -> None:
        if entry.dagster_event is None and entry.step_key in steps:
            said.append(entry.user_message)
            console.print(f"[green]✓[/] {entry.user_message}", highlight=False, soft_wrap=True)

    definitions = upkeep_definitions(settings)
    result = run_job(settings, definitions, instance, RETENTION_JOB, "sentinel prune", show, console.print)
    if not result.success:
        raise PruneFailedError(first_error(result, settings))
    freed = sum(result.output_for_node(step) for step in steps)
    console.print(f"{decimal(freed)} freed." if said else _nothing(settings), soft_wrap=True)
    return 0


def _nothing(settings: Settings) -> str:
    return (
        f"Nothing to remove: at most {settings.keep_releases} releases (SENTINEL_KEEP_RELEASES), and no batch or run that "
        f"nothing has needed for {settings.keep_days} days (SENTINEL_KEEP_DAYS)."
    )


def _table(found: "list[Surplus]") -> Table:
    table = Table("would be removed", "because", box=None, header_style="bold", pad_edge=False)
    table.add_column("frees", justify="right")
    for surplus in found:
        table.add_row(surplus.what, surplus.why, decimal(surplus.size_bytes))
    return table
