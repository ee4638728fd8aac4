"""`sentinel quarantine`: which rows of a feed were rejected, why, and where they came from."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sentinel_orchestration.cli.progress import wide_in_a_pipe
from sentinel_orchestration.contracts import Contract, load_contracts
from sentinel_orchestration.files import relative_to_here, replacing
from sentinel_orchestration.lake.columns import RAW, ROW, RULES
from sentinel_orchestration.lake.rejects import BrokenRule, per_rule, quarantined, rejects_of
from sentinel_orchestration.lake.remedies import SHOWN_CHARACTERS, cause, remedy
from sentinel_orchestration.lake.rules import SUPERSEDED
from sentinel_orchestration.lake.silver import SOURCE_FILE
from sentinel_orchestration.settings import load_settings

SHOWN_ROWS = 20


class WrongQuestionError(ValueError):
    """A feed, rule or file that cannot be; the message names what can."""


def quarantine_command(feed: str, rule: str | None, csv: Path | None) -> int:
    """A count per rule, then some rows; all of them go to `csv`. Exit code 0, whatever is in quarantine."""
    console, contracts, layout = wide_in_a_pipe(), load_contracts(), load_settings().layout
    if feed not in contracts:
        raise WrongQuestionError(f"{feed}: no such feed. Use one of {', '.join(sorted(contracts))}.")
    contract, broken = contracts[feed], per_rule(rejects_of(layout, contracts[feed]))
    if rule is not None and rule not in {found.rule for found in broken}:
        there = f"Use one of {', '.join(found.rule for found in broken)}." if broken else "Nothing is in quarantine."
        raise WrongQuestionError(f"--rule {rule}: no row of {feed} in quarantine breaks it. {there}")
    if csv is not None and csv.exists() and not csv.is_file():
        raise WrongQuestionError(f"--csv {csv}: is there and is not a file. Name a file.")
    if not broken:
        console.print(f"Nothing of {feed} is in quarantine.", highlight=False)
        return 0
    console.print(_rules(contract, broken))
    rows = (_about(frame, rule) for frame in quarantined(layout, feed))
    if csv is None:
        _print_rows(console, contract, rows)
    else:
        written = _write(csv, contract, rows)
        console.print(
            f"\nRows written to {escape(relative_to_here(csv))}: {written:,}.", highlight=False, soft_wrap=True
        )
    return 0


def _about(frame: pl.DataFrame, rule: str | None) -> pl.DataFrame:
    """The rows that break `rule`; of no rule, the rows that break any, which superseded ones do not."""
    if rule is None:
        return frame.filter(pl.col(RULES) != SUPERSEDED)
    return frame.filter(pl.col(RULES).str.split(", ").list.contains(rule))


def _rules(contract: Contract, broken: list[BrokenRule]) -> Table:
    table = Table("rule", box=None, header_style="bold", pad_edge=False)
    table.add_column("rows", justify="right")
    table.add_column("why, and what to do")
    for found in broken:
        if found.rule == SUPERSEDED:
            why = "A newer version of the row came later. Nothing to do."
        else:
            why = f"{cause(contract, found)}. {remedy(contract, found.rule)}"
        table.add_row(escape(found.rule), f"{found.rows:,}", escape(why))
    return table


def _print_rows(console: Console, contract: Contract, rows: Iterator[pl.DataFrame]) -> None:
    count, first = 0, list[dict[str, Any]]()
    for frame in rows:
        first += frame.head(SHOWN_ROWS - len(first)).rows(named=True)
        count += frame.height
    table = Table("file", box=None, header_style="bold", pad_edge=False)
    table.add_column("row", justify="right")
    table.add_column("key", overflow="fold")
    table.add_column("broken", overflow="fold")
    for row in first:
        key = ", ".join(_plain(row[name]) for name in contract.key)
        parts = (_plain(row[SOURCE_FILE]), f"{row[ROW]:,}", key, _faults(row))
        table.add_row(*map(escape, parts))
    if first:
        console.print()
        console.print(table)
    if count > len(first):
        more = f"and {count - len(first):,} more rows. [bold]--csv FILE[/] writes all of them."
        console.print(more, highlight=False, soft_wrap=True)


def _faults(row: dict[str, Any]) -> str:
    """The rules that a row broke, with the value where one column is at fault: as it came, if it could not be read."""
    came = json.loads(row[RAW]) if row[RAW] else {}
    parts = [(rule, *rule.rpartition(".")[::2]) for rule in row[RULES].split(", ")]
    return ", ".join(
        f"{name}={_plain(came.get(name, row[name]))} ({kind})" if name in row else rule for rule, name, kind in parts
    )


def _plain(value: object) -> str:
    """A value on one line, without control characters; a long one is cut."""
    text = str(value) if value is not None else "empty"
    cut = text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
    return cut if cut.isprintable() else repr(cut)


def _write(csv: Path, contract: Contract, rows: Iterator[pl.DataFrame]) -> int:
    """Writes the rows day by day, whole or not at all, and gives their number."""
    columns, written = [SOURCE_FILE, ROW, RULES, *contract.column_names, RAW], 0
    with replacing(csv) as temporary, temporary.open("wb") as file:
        for number, frame in enumerate(rows):
            frame.select(columns).write_csv(file, include_header=number == 0)
            written += frame.height
    return written
