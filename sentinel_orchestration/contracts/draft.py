"""Drafts the contract of a new feed: what a sample shows for certain as rules, what it merely showed as comments."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sentinel_orchestration.contracts.dbt_yaml import scalar
from sentinel_orchestration.contracts.model import LogicalType

TO_FILL_IN = "To be filled in."
OWNER = "to-be-filled-in"
NAME = re.compile(r"[a-z][a-z0-9_]*")
HEAD = """\
# What `{feed}` must look like. The gate, dbt's sources, the checks and the data dictionary are made from this file.
# After a change: python -m sentinel_orchestration.contracts.dbt_sources
#
# A draft, made from {rows:,} rows of {file}. Types, key and event time are guesses: check them. Fill in what says "{fill}",
# and the units. What the sample showed is in comments. It is not checked until you remove the # signs.
apiVersion: v3.2.0
kind: DataContract
id: sentinel.{domain}.{feed}
name: {name}
version: 1.0.0
status: draft
domain: {domain_name}
description:
  purpose: {fill}
team:
  name: {owner}
"""
FRESHNESS = """\
# Remove the # signs to be warned when the newest event is older than this:
# slaProperties:
#   - property: freshnessWarn
#     value: 6
#     unit: h
"""
SCHEMA = """\
schema:
  - name: {name}
    physicalType: table
    dataGranularityDescription: One row per {grain}.
    properties:
"""
UNIT = """\
# Fill in the unit, such as m, s or "%", and remove the # signs:
# customProperties:
#   - property: unit
#     value: "?"
"""
INDENT = " " * 8


@dataclass(frozen=True)
class SampleColumn:
    """What a sample shows of one column.

    missing: rows without a value. lowest, highest: of numbers, dates and times. values: every value, of text that has few.
    longest: characters of the longest text.
    """

    name: str
    type: LogicalType
    missing: int = 0
    lowest: float | date | datetime | None = None
    highest: float | date | datetime | None = None
    values: tuple[str, ...] = ()
    longest: int | None = None


@dataclass(frozen=True)
class Sample:
    """What a file shows of a feed that has no contract yet.

    key: columns that together identify a row. repeated: rows whose key another row has too, apart from exact repeats.
    left_out: columns of a type that no contract can have, and that type.
    """

    file: str
    rows: int
    columns: tuple[SampleColumn, ...]
    key: tuple[str, ...]
    event_time: str | None
    repeated: int = 0
    left_out: Mapping[str, str] = field(default_factory=dict)


def is_name(text: str) -> bool:
    """Whether `text` can name a feed, a domain or a column: lower case, digits and underscores, a letter first."""
    return NAME.fullmatch(text) is not None


def snake_case(text: str) -> str:
    """The nearest name to `text`: 'Tower ID' → tower_id, 'cpuPct' → cpu_pct."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    return name if is_name(name) else f"column_{name}" if name else "unnamed"


def contract_text(feed: str, domain: str, sample: Sample) -> str:
    """The draft, as the text of <domain>/<feed>.odcs.yaml."""
    names = {"name": scalar(feed), "domain_name": scalar(domain)}
    about = {"rows": sample.rows, "file": ascii(sample.file)[1:-1], "fill": TO_FILL_IN, "owner": OWNER}
    head = HEAD.format(feed=feed, domain=domain, **names, **about)
    schema = SCHEMA.format(grain=" and ".join(sample.key), **names)
    columns = "".join(_property(column, sample) for column in sample.columns)
    return head + (FRESHNESS if sample.event_time else "") + schema + columns


def _property(column: SampleColumn, sample: Sample) -> str:
    lines = [f"logicalType: {column.type}", f"description: {TO_FILL_IN}"]
    is_fixed = column.name in sample.key or column.name == sample.event_time
    if column.name in sample.key:
        lines += ["primaryKey: true", f"primaryKeyPosition: {sample.key.index(column.name) + 1}"]
    if column.name == sample.event_time:
        lines += ["partitioned: true"]
    if is_fixed:
        lines += ["required: true"]
    lines.append(f"# In the sample: {_seen(column, sample.rows)}.")
    possible = _rules(column, is_fixed)
    if possible:
        lines += ["# To check this, remove the # signs:", *(f"# {line}" for line in possible)]
    if column.type in ("integer", "number"):
        lines += UNIT.splitlines()
    return f"      - name: {scalar(column.name)}\n" + "".join(f"{INDENT}{line}\n" for line in lines)


def _seen(column: SampleColumn, rows: int) -> str:
    """What the sample shows of a column, in words."""
    if column.missing == rows:
        return "no value at all, so that the type is a guess"
    parts = [f"{column.missing:,} of {rows:,} rows have no value" if column.missing else "a value in each row"]
    if column.lowest is not None and column.highest is not None:
        parts.insert(0, f"{_shown(column.lowest)} to {_shown(column.highest)}")
    if column.values:
        parts.insert(0, f"{len(column.values)} different values")
    elif column.longest:
        parts.insert(0, f"up to {column.longest:,} characters")
    return ", ".join(parts)


def _shown(value: object) -> str:
    return value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)


def _rules(column: SampleColumn, is_required: bool) -> list[str]:
    """The lines of the contract that would allow no more than the sample shows."""
    lines = [] if is_required or column.missing else ["required: true"]
    if column.values:
        lines += ["enum:", *(f"  - value: {scalar(value)}" for value in column.values)]
    limits: dict[str, Any] = {}
    if column.type in ("integer", "number") and column.lowest is not None:
        limits = {"minimum": column.lowest, "maximum": column.highest}
    if limits:
        lines += ["logicalTypeOptions:", *(f"  {name}: {scalar(limit)}" for name, limit in limits.items())]
    return lines
