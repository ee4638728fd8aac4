"""What a build will say of files that were just ingested: rows it will quarantine, and what it cannot judge yet."""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from sentinel_orchestration.cli.progress import MARKS
from sentinel_orchestration.feeds.source import BatchRecord
from sentinel_orchestration.lake.preview import preview
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.remedies import complaints


def print_previews(console: Console, lake: Lake, taken: Mapping[Path, BatchRecord]) -> None:
    """Says, file by file, which rows the gate will quarantine and why. Says nothing of a file without fault."""
    for file, record in taken.items():
        contract = lake.contracts[record.feed]
        found = preview(lake, record)
        lines = complaints(found.rejected, contract, found.rows, file.name)
        if found.quarantined > contract.max_quarantine_share * found.rows:
            lines.append(
                f"{file.name}: {found.quarantined:,} of {found.rows:,} rows will be quarantined. Nothing is published "
                f"while they are over {contract.max_quarantine_share:.1%} of {record.feed}."
            )
        lines += [
            f"{file.name}: `{column}` is not checked, for {reference.feed} has no rows."
            for column, reference in found.unjudged
        ]
        for line in lines:
            console.print(f"{MARKS['warned']} {escape(line)}", highlight=False, soft_wrap=True)
