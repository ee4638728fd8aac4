"""`sentinel verify`: one line per table, what was found, and what to do about it."""

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from sentinel_orchestration.cli.progress import MARKS, RunProgress, run_bar, step_count, terminal
from sentinel_orchestration.files import relative_to_here
from sentinel_orchestration.settings import Settings, load_settings

if TYPE_CHECKING:
    import dagster as dg

    from sentinel_orchestration.automation.verify import Verification
    from sentinel_orchestration.publish.compare import ComparedTable

SHORT = 12


def verify_command() -> int:
    """Exit code 0 only when every table came out again as it was released."""
    console, settings = terminal(), load_settings()
    with console.status("loading the graph"):
        from sentinel_orchestration.automation.verify import verify
    with run_bar(console) as progress:
        found = verify(settings, _definitions, RunProgress(progress, step_count(False)), console.print)
    if found.tables:
        console.print(_table(found))
    console.print(_heading(found), highlight=False, soft_wrap=True)
    if found.changed_code:
        changed = escape(", ".join(found.changed_code))
        console.print(
            f"Other code made it, which may rightly give other rows: {changed}.", highlight=False, soft_wrap=True
        )
    if not found.is_same:
        console.print(_next(found, settings), highlight=False, soft_wrap=True)
    return 0 if found.is_same else 1


def _definitions(settings: Settings) -> "dg.Definitions":
    from sentinel_orchestration.definitions import build_definitions  # takes seconds, which an error need not wait for

    return build_definitions(settings)


def _table(found: "Verification") -> Table:
    table = Table("table", box=None, header_style="bold", pad_edge=False)
    table.add_column("rows", justify="right")
    for heading in ("published", "rebuilt", ""):
        table.add_column(heading)
    for one in found.tables:
        mark = MARKS["passed"] if one.finding == "same" else MARKS["failed"]
        table.add_row(one.name, f"{one.rows:,}", _short(one.recorded), _short(one.rebuilt), f"{mark} {_found(one)}")
    return table


def _found(table: "ComparedTable") -> str:
    if table.only_published is None:
        return table.finding
    return f"{table.finding}: {table.only_published:,} rows only published, {table.only_rebuilt:,} only rebuilt"


def _short(sha256: str | None) -> str:
    return sha256[:SHORT] if sha256 else "none"


def _heading(found: "Verification") -> str:
    release, as_of = found.manifest.release_id, f"{found.manifest.as_of:%Y-%m-%d %H:%M}"
    batches = f"from its {sum(map(len, found.manifest.batches.values())):,} batches as of {as_of} UTC"
    if found.error:
        return f"\n{MARKS['failed']} [red]{release} cannot be built again[/] {batches}: {escape(found.error)}"
    count = len(found.tables)
    if found.is_same:
        return f"\n{MARKS['passed']} [green]Same.[/] {release}, rebuilt {batches}: all {count} tables agree, to the last row."
    apart = sum(table.finding != "same" for table in found.tables)
    return f"\n{MARKS['failed']} [red]Not the same.[/] {release}, rebuilt {batches}: {apart} of {count} tables differ."


def _next(found: "Verification", settings: Settings) -> str:
    if found.error:
        return "The release stays as it is. Next: fix what the message names, and verify again."
    layout = settings.layout
    folders = " ".join(
        relative_to_here(path) for path in (layout.silver, layout.quarantine, layout.warehouse.parent, layout.published)
    )
    return (
        f"Next: [bold]rm -r {escape(folders)}[/], then [bold]sentinel build[/], which makes all of it again from bronze. "
        "Verify again; if that differs too, report it with the names of the tables."
    )
