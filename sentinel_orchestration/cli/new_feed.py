"""`sentinel new-feed`: drafts the files of a feed from a sample, and says what is left to a person."""

import os
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from sentinel_orchestration.contracts.draft import OWNER, TO_FILL_IN, Sample
from sentinel_orchestration.files import relative_to_here, write_together
from sentinel_orchestration.lake.sample import SNAPSHOT, Said, read_sample
from sentinel_orchestration.scaffold import Checkout, check_columns, check_names, draft_feed
from sentinel_orchestration.settings import load_settings


def new_feed_command(name: str, file: Path, domain: str, said: Said, checkout: Checkout | None = None) -> int:
    """Exit code 0 when every file is written."""
    settings, checkout = load_settings(), checkout or Checkout()
    checkout.check_is_writable()
    check_names(checkout, name, domain)
    check_columns(file)
    sample = read_sample(file, settings.gate_chunk_rows, settings.max_expansion, said)
    files = draft_feed(checkout, name, domain, sample)
    write_together(files)
    for line in (*_written(files), "", *_guessed(sample), "", *_left_to_do(name, file, files)):
        Console().print(line, highlight=False, soft_wrap=True)
    return 0


def _written(files: Iterable[Path]) -> list[str]:
    return [f"Wrote {escape(relative_to_here(path))}" for path in files]


def _guessed(sample: Sample) -> list[str]:
    """What the rows showed, and how to say otherwise."""
    lines = [f"From {sample.rows:,} rows of {escape(sample.file)}:"]
    lines.append(f"  key         {', '.join(sample.key)}")
    if sample.repeated:
        lines.append(
            f"              {sample.repeated:,} rows have the key of another row; the row received last is kept."
        )
    lines.append(f"  event time  {sample.event_time or 'none: a snapshot, a row per key'}")
    for column, kind in sample.left_out.items():
        lines.append(f"  left out    {escape(column)}: no contract can describe {escape(kind)}")
    lines.append(
        "If the key or the event time is wrong, remove these files and run the same with "
        f"--key COLUMN or --event-time COLUMN ({SNAPSHOT}: a snapshot)."
    )
    return lines


def _left_to_do(name: str, file: Path, files: Iterable[Path]) -> list[str]:
    contract = relative_to_here(next(iter(files)))
    shown = escape(os.fspath(file))
    return [
        f"Fill in, in {escape(contract)}: the owner ({OWNER}), the description and those of the columns ({TO_FILL_IN}), units.",
        "Then: python -m sentinel_orchestration.contracts.dbt_sources",
        f"Next: [bold]sentinel ingest {shown} --feed {name}[/], then [bold]sentinel build[/].",
    ]
