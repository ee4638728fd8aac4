"""`sentinel ingest`: takes files into the inbox."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sentinel_orchestration.cli.map_offer import offer_map
from sentinel_orchestration.cli.previews import print_previews
from sentinel_orchestration.cli.progress import MARKS
from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.contracts.mapping_file import read_map
from sentinel_orchestration.feeds.inbox import Inbox
from sentinel_orchestration.feeds.openable import BatchRefusedError
from sentinel_orchestration.feeds.source import BatchRecord
from sentinel_orchestration.feeds.submission import expand, feed_of, place
from sentinel_orchestration.files import relative_to_here
from sentinel_orchestration.lake.bronze import Bronze
from sentinel_orchestration.lake.proposal import propose
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.remedies import named
from sentinel_orchestration.settings import load_settings, newest_full_hour


def ingest_command(paths: Sequence[Path], feed: str | None, write_mapping: bool = False) -> int:
    """Exit code 0 only when every file was accepted. What was accepted stays accepted."""
    console, settings, contracts = Console(), load_settings(), load_contracts()
    layout, started = settings.layout, datetime.now(UTC).replace(tzinfo=None)
    inbox = Inbox(layout.inbox, settings.gate_chunk_rows, settings.max_expansion)
    if feed is not None and feed not in contracts:
        raise BatchRefusedError(f"--feed {feed}: no such feed. Use one of {', '.join(sorted(contracts))}.")
    table = Table("file", "feed", "rows", "days", "note", box=None, header_style="bold", pad_edge=False)
    refused: list[str] = []
    proposals: dict[str, str] = {}
    taken: dict[Path, BatchRecord] = {}
    known = 0
    files = [file for path in paths for file in expand(path)]
    for file in files:
        try:
            name = feed or feed_of(file, contracts)
            bronze, feed_map = Bronze(layout.bronze, contracts[name]), read_map(layout.mappings, contracts[name])
            with bronze.receiving():
                record = replace(inbox, feed_map=feed_map).submit(bronze, file)
            if name not in proposals and (proposal := propose(file, bronze.contract, feed_map, inbox.max_expansion)):
                proposals[name] = proposal
            if record.refused_because:
                raise BatchRefusedError(record.refused_because)
        except BatchRefusedError as error:
            refused.append(str(error))
            continue
        place(file, layout.inbox, name)
        taken[file] = record
        is_known = record.received_at < started
        known += is_known
        days = [day for day in record.rows_by_day if day]
        notes = ["already known"] if is_known else []
        notes += [f"ignored columns: {named(record.extra_columns)}"] if record.extra_columns else []
        span = f"{min(days)} to {max(days)}" if days else "snapshot" if record.rows else "no rows yet"
        table.add_row(escape(file.name), name, f"{record.rows:,}", span, escape("; ".join(notes)))
    if table.row_count:
        console.print(table)
    for message in refused:
        console.print(f"{MARKS['failed']} {escape(message)}", highlight=False, soft_wrap=True)
    for name, proposal in proposals.items():
        offer_map(console, layout, name, proposal, write_mapping)
    print_previews(console, Lake(settings, settings.as_of or newest_full_hour()), taken)
    kept = relative_to_here(layout.inbox)
    again = f", {known} already known" if known else ""
    following = " Next: [bold]sentinel build[/]" if taken else ""
    console.print(f"{len(taken) - known} of {len(files)} files taken into {kept}/{again}.{following}")
    return 1 if refused else 0
