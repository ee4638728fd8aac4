"""Proposes the map under which a file would fit its contract, from the nearest names, types and values."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import yaml

from sentinel_orchestration.contracts import Column, Contract
from sentinel_orchestration.contracts.mapping import ColumnMap, FeedMap
from sentinel_orchestration.feeds.openable import BatchRefusedError
from sentinel_orchestration.feeds.readers import read_chunks
from sentinel_orchestration.lake.conform import listed
from sentinel_orchestration.lake.likeness import (
    closest_values,
    in_range,
    name_likeness,
    read_as,
    share_of,
    value_fit,
)
from sentinel_orchestration.lake.mapped import HAS_OFFSET, named, sources

SAMPLE_ROWS, SAMPLE_COLUMNS = 10_000, 200  # each column of the contract is compared with each of the file
SHOWN_VALUES = 20
LEAST_FIT, LEAST_LIKENESS = 0.4, 0.6
SAYS_ALONE = ("timestamp", "date", "boolean")  # kinds whose values tell them apart without a name
VALUES_SAY = {"timestamp": 0.3, "date": 0.3, "boolean": 0.2, "number": 0.1, "integer": 0.1, "string": 0.0}
ENUM_SAYS = 0.5
OTHER_UNITS = {
    "°C": "from °F: factor 5/9, offset -160/9",
    "%": "from a share of 1: factor 100",
    "share": "from %: factor 1/100",
    "m": "from ft: factor 0.3048",
    "W": "from kW: factor 1000",
    "min": "from s: factor 1/60",
    "s": "from ms: factor 1/1000",
    "h": "from d: factor 24",
    "d": "from h: factor 1/24",
}


@dataclass
class _Entry:
    """What the proposal says of one column: settings, and questions that only a person can answer."""

    settings: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)


def propose(path: Path, contract: Contract, feed_map: FeedMap, max_expansion: int) -> str | None:
    """The text of a map, with questions as comments; None where the file fits already, or cannot be read at all.

    Looks at the first rows and columns of the file. What `feed_map` says already is not said again.
    """
    try:
        rows = next(read_chunks(path, SAMPLE_ROWS, max_expansion)).head(SAMPLE_ROWS)
    except BatchRefusedError:
        return None
    maps = feed_map.applied_to(rows.columns)
    missing = [column for column in contract.columns if column.name not in {*rows.columns, *maps}]
    free = rows.drop(name for name in sources(contract, maps) if name in rows.columns)[:, :SAMPLE_COLUMNS]
    renamed = _pairs(missing, free)
    found = maps | {name: ColumnMap.model_validate({"physicalName": source}) for name, source in renamed.items()}
    here = [column for column in contract.columns if column.name in {*rows.columns, *found}]
    sample = named(rows, here, found)
    entries = {
        c.name: _entry(c, sample[c.name], renamed.get(c.name), maps.get(c.name), contract.max_quarantine_share)
        for c in here
    }
    needed = [column for column in missing if not column.is_optional]
    if (
        not needed
        and not renamed
        and not any(entry.values or entry.unknown or entry.questions for entry in entries.values())
    ):
        return None
    for column in here:
        entries[column.name].questions += _zone_question(column, sample[column.name], maps.get(column.name))
    left = [name for name in free.columns if name not in renamed.values()]
    entries |= {c.name: _Entry(questions=[_where_is(c, left)]) for c in needed if c.name not in renamed}
    heading = f"# How files of {contract.feed} fit its contract. Proposed from {_plain(path.name)}: check each line."
    body = [line for name in contract.column_names if name in entries for line in _lines(name, entries[name])]
    return "\n".join([heading, "columns:", *body, ""])


def _pairs(missing: Sequence[Column], free: pl.DataFrame) -> dict[str, str]:
    """Column of the contract → column of the file that is probably meant, best pairs first."""
    fits = {(c.name, s.name): value_fit(s, c) for c in missing for s in free.iter_columns()}
    by_name = {column.name: column for column in missing}
    scores = {
        pair: name_likeness(*pair)
        + fit * (ENUM_SAYS if by_name[pair[0]].allowed else VALUES_SAY[by_name[pair[0]].type])
        for pair, fit in fits.items()
        if fit >= LEAST_FIT
    }
    pairs: dict[str, str] = {}
    for (name, source), score in sorted(scores.items(), key=lambda item: (-item[1], item[0])):
        if score >= LEAST_LIKENESS and name not in pairs and source not in pairs.values():
            pairs[name] = source
    return pairs | _only_ones_left(missing, pairs, list(scores))


def _only_ones_left(
    missing: Sequence[Column], pairs: Mapping[str, str], possible: Sequence[tuple[str, str]]
) -> dict[str, str]:
    """Pairs of which neither side has another partner left, where the values speak for them or the column is a key."""
    open_pairs = [(n, s) for n, s in possible if n not in pairs and s not in pairs.values()]
    names, partners = [n for n, _ in open_pairs], [s for _, s in open_pairs]
    says = {c.name for c in missing if c.allowed or c.is_key or c.reference or c.type in SAYS_ALONE}
    return {n: s for n, s in open_pairs if names.count(n) == partners.count(s) == 1 and n in says}


def _entry(
    column: Column, values: pl.Series, source: str | None, how: ColumnMap | None, accepted_share: float
) -> _Entry:
    """`source`: the column of the file it is renamed from. Up to the accepted share, odd values are just bad rows."""
    entry = _Entry({"physicalName": _scalar(source)} if source else {})
    if column.allowed:
        meant = closest_values(values, column.allowed)
        entry.values = {old: new for old, new in meant.items() if new is not None and new != old}
        unknown = [old for old, new in meant.items() if new is None]
        choice = ", ".join(column.allowed)
        if share_of(values, unknown) > accepted_share:
            entry.unknown = [f"{_scalar(old)}: ?   # one of {choice}" for old in unknown[:SHOWN_VALUES]]
    if column.type == "number" and not (how and how.has_unit):
        entry.questions = _unit_question(column, read_as(values, "number"), bool(source), accepted_share)
    return entry


def _unit_question(column: Column, numbers: pl.Series, is_renamed: bool, accepted_share: float) -> list[str]:
    outside = 1 - in_range(numbers, column)
    if outside <= accepted_share and not (is_renamed and column.unit in OTHER_UNITS):
        return []
    seen = f"{outside:.0%} of the values are not {column.rule_text()}. " if outside > accepted_share else ""
    unit = f"The contract's unit is {column.unit}. " if column.unit else ""
    example = f"; {OTHER_UNITS[column.unit]}" if column.unit in OTHER_UNITS else ""
    return [f"factor: 1   # {unit}{seen}From another one: value * factor + offset{example}.", "offset: 0"]


def _zone_question(column: Column, values: pl.Series, how: ColumnMap | None) -> list[str]:
    if column.type != "timestamp" or (how and how.time_zone) or getattr(values.dtype, "time_zone", None):
        return []
    if values.dtype == pl.String and values.drop_nulls().str.contains(HAS_OFFSET).all():
        return []
    return ["timeZone: America/Denver   # Its times have no offset, and count as UTC. In which zone were they written?"]


def _where_is(column: Column, left: Sequence[str]) -> str:
    others = f"The file also has: {_plain(listed(left))}. " if left else ""
    constant = "text" if column.is_required else "null"
    return f"physicalName: ?   # Not found. {others}The same in all rows: constant: {constant}."


def _lines(name: str, entry: _Entry) -> Iterator[str]:
    """An entry as YAML; as a comment where nothing in it is sure."""
    settings = [f"{setting}: {value}" for setting, value in entry.settings.items()]
    if settings and not (entry.values or entry.unknown or entry.questions):
        yield f"  {name}: {{ {', '.join(settings)} }}"
        return
    body = [*settings, *(f"# {question}" for question in entry.questions)]
    if entry.values or entry.unknown:
        body += ["values:" if entry.values else "# values:"]
        body += [f"  {_scalar(old)}: {_scalar(new)}" for old, new in entry.values.items()]
        body += [f"  # {question}" for question in entry.unknown]
    is_sure = bool(entry.settings or entry.values)
    if body:
        yield f"  {name}:" if is_sure else f"  # {name}:"
    yield from (f"    {line}" if is_sure else f"  #   {line.replace('# ', '', 1)}" for line in body)


def _scalar(text: str) -> str:
    if re.fullmatch(r"[A-Za-z_]\w*", text, re.ASCII) and text.lower() != "null":
        return text
    return yaml.safe_dump(text, default_style='"', allow_unicode=True, width=math.inf).strip()


def _plain(text: str) -> str:
    """Text that cannot end a comment."""
    return "".join(character if character.isprintable() else "?" for character in text)
