"""What is wrong with rejected rows, or odd about a file, and how to fix it: in words for the person who submitted them."""

from collections.abc import Sequence

import polars as pl

from sentinel_orchestration.contracts import Column, Contract
from sentinel_orchestration.lake.conform import listed
from sentinel_orchestration.lake.rejects import BrokenRule, per_rule
from sentinel_orchestration.lake.rules import EARLIEST_EVENT, SUPERSEDED

SAID_RULES, SHOWN_CHARACTERS = 3, 60
CORRECT = "Correct the file."
READ_AS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date (2026-01-31)",
    "timestamp": "a time (2026-01-31T13:00:00Z)",
}
INDEX = ("", "__index_level_0__", "Unnamed: 0")  # what pandas writes of an unnamed index, unless index=False
OTHERS = {
    "too_old": f"; the earliest time taken is {EARLIEST_EVENT:%Y-%m-%d}",
    "future": ", which was still to come when the file was received",
    "finite": ", which is no number",
    "control_characters": ", with control characters in it",
    "local_time": ", which the clocks of its time zone show twice or never",
    "unicode_form": ", which can be spelled in two ways that look the same; ids are written in the Unicode form NFC",
}


def complaints(found: pl.DataFrame, contract: Contract, received: int, file: str | None = None) -> list[str]:
    """A sentence or two per rule that rows broke, for the worst SAID_RULES: how many rows, why, and the fix.

    `found` is a tally of rejected rows (lake/rejects.py), `received` the rows they are counted among: those of the feed,
    or of one `file` of it.
    """
    of = file or contract.feed
    broken = [rule for rule in per_rule(found) if rule.rule != SUPERSEDED]
    lines = [
        f"{of}: {rule.rows:,} of {received:,} rows: {cause(contract, rule)}. {remedy(contract, rule.rule)}"
        for rule in broken[:SAID_RULES]
    ]
    left = len(broken) - SAID_RULES
    return [*lines, f"{of}: {left:,} more rules are broken."] if left > 0 else lines


def cause(contract: Contract, broken: BrokenRule) -> str:
    """Why rows were rejected, without a full stop: the column, a value unless it is personal, and what the contract allows."""
    column, kind = _parts(contract, broken.rule)
    if column is None:
        told = next((rule.description for rule in contract.rules if rule.name == broken.rule), "")
        return f"{broken.rule} does not hold, first in {_place(broken)}: {told.rstrip('.')}"
    if kind == "required":
        return f"`{column.name}` is empty, first in {_place(broken)}; every row needs one"
    if broken.value is None or column.is_personal:
        return f"`{column.name}` in {_place(broken)}{_rule(column, kind)}"
    shown = _shown(broken.value, column.type == "string" or kind == "type")
    others = broken.values - 1
    more = f" (and {others:,} other {'value' if others == 1 else 'values'})" if others else ""
    return f"`{column.name}` is {shown}{more}{_rule(column, kind)}"


def remedy(contract: Contract, rule: str) -> str:
    """What to do about rows that break the rule."""
    column, kind = _parts(contract, rule)
    mapping = f"mappings/{contract.feed}.yaml"
    match kind:
        case "allowed":
            return f"Add a value map ({mapping}) or correct the file."
        case "minimum" | "maximum":
            return f"Correct the file, or convert its unit ({mapping})."
        case "local_time":
            return f"Correct the file, or say which of the two hours is meant (`ambiguous` in {mapping})."
        case "future":
            return f"Correct the file, or set its time zone ({mapping})."
        case "reference" if column and column.reference:
            return f"Submit the missing rows of {column.reference.feed}, or correct the file."
    return CORRECT


def named(columns: Sequence[str]) -> str:
    """The names of extra columns for people; the one that pandas makes of an index is hard to see or to recognise."""
    return listed([f"{name or 'one without a name'} (pandas' index)" if name in INDEX else name for name in columns])


def _rule(column: Column, kind: str) -> str:
    """What a value has to be, to follow the value in a sentence."""
    match kind:
        case "type":
            return f", which cannot be read as {READ_AS[column.type]}"
        case "allowed":
            return f"; allowed: {listed(column.allowed)}"
        case "minimum" | "maximum":
            return f"; allowed: {column.range_text()}"
        case "reference" if column.reference:
            return f", which is not in {column.reference.feed}"
        case "pattern":
            return f", which does not match {column.pattern}"
        case "length":
            return f"; at most {column.max_length:,} characters are allowed"
    return OTHERS.get(kind, f", which breaks the rule {kind}")


def _parts(contract: Contract, rule: str) -> tuple[Column | None, str]:
    """(column, what the rule asks of it); no column for a rule over the whole row."""
    name, _, kind = rule.rpartition(".")
    column = next((c for c in contract.columns if c.name == name), None)
    return column, kind if column else ""


def _place(broken: BrokenRule) -> str:
    return f"row {broken.row:,}" + (f" of {broken.file}" if broken.file else "")


def _shown(value: str, is_text: bool) -> str:
    cut = f"{value[:SHOWN_CHARACTERS]}…" if len(value) > SHOWN_CHARACTERS else value
    return repr(cut) if is_text else cut
