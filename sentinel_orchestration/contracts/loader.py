"""Reads the ODCS files of a folder into contracts, or says which file is wrong and how to mend it.

Belongs here: the mapping from Open Data Contract Standard v3 to our model. Does not belong here: checks on data.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, get_args

import yaml
from open_data_contract_standard.model import (
    CustomProperty,
    OpenDataContractStandard,
    SchemaObject,
    SchemaProperty,
)
from pydantic import ValidationError

from sentinel_orchestration.contracts.model import Column, Contract, LogicalType, Reference, RowRule

CONTRACTS_DIR = Path(__file__).parent
DEFAULT_MAX_QUARANTINE_SHARE = 0.02
LIMITS = {  # what the gate holds values against → the types it may stand on
    "minimum": ("integer", "number"),
    "maximum": ("integer", "number"),
    "maxLength": ("string",),
    "pattern": ("string",),
    "enum": ("string",),
}


class ContractError(ValueError):
    """A contract file that cannot be used; the message names the file, the rule and the mend."""


@cache
def load_contracts(folder: Path = CONTRACTS_DIR) -> dict[str, Contract]:
    """Every contract of `folder` by feed, each feed after the feeds it refers to.

    Raises ContractError for a file that is not ODCS v3, that breaks a rule of ours, or whose references form a cycle.
    """
    contracts = {c.feed: c for c in (_load(path) for path in sorted(folder.glob("*.odcs.yaml")))}
    if not contracts:
        raise ContractError(f"{folder}: no *.odcs.yaml file found; a feed needs a contract")
    ordered: dict[str, Contract] = {}

    def place(feed: str, path: tuple[str, ...]) -> None:
        if feed in ordered:
            return
        if feed in path:
            raise ContractError(f"{feed}: its references lead back to itself ({' → '.join((*path, feed))})")
        for column, reference in contracts[feed].references:
            target = contracts.get(reference.feed)
            if target is None or reference.column not in target.column_names:
                raise ContractError(
                    f"{feed}.odcs.yaml: {column} refers to {reference.feed}.{reference.column}, which no contract has"
                )
            place(reference.feed, (*path, feed))
        ordered[feed] = contracts[feed]

    for feed in contracts:
        place(feed, ())
    return ordered


def _load(path: Path) -> Contract:
    text = path.read_bytes()
    try:
        document = OpenDataContractStandard(**yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError, TypeError) as error:
        raise ContractError(f"{path.name}: not an Open Data Contract Standard v3 file: {error}") from error
    feed = path.name.removesuffix(".odcs.yaml")
    if not (document.schema_ and len(document.schema_) == 1 and document.schema_[0].name == feed):
        raise ContractError(f"{path.name}: must have exactly one schema, named {feed}")
    if not document.domain or not document.version:
        raise ContractError(f"{path.name}: domain and version must be set")
    table = document.schema_[0]
    columns = tuple(_column(path, prop) for prop in table.properties or [])
    _check_names(path, columns)
    service_levels = {str(s.property): s.value for s in document.slaProperties or []}
    custom = _custom(document.customProperties)
    return Contract(
        feed=feed,
        domain=document.domain,
        version=document.version,
        owner=(getattr(document.team, "name", None) or "unowned"),
        description=(document.description.purpose if document.description else None) or "",
        grain=table.dataGranularityDescription or "",
        columns=columns,
        rules=_row_rules(path, table),
        event_time=_event_time(path, table),
        freshness_warn_hours=_number(path, service_levels, "freshnessWarn", "a number of hours"),
        freshness_error_hours=_number(path, service_levels, "freshnessError", "a number of hours"),
        max_quarantine_share=_number(
            path,
            {"maxQuarantineShare": DEFAULT_MAX_QUARANTINE_SHARE} | custom,
            "maxQuarantineShare",
            "a number, 0 to 1",
        )
        or 0.0,
        digest=hashlib.sha256(text).hexdigest(),
    )


def _check_names(path: Path, columns: tuple[Column, ...]) -> None:
    names = [column.name for column in columns]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ContractError(f"{path.name}: {', '.join(doubled)} is listed twice")
    if not any(column.is_key for column in columns):
        raise ContractError(f"{path.name}: no property has primaryKey: true; rows need a key")


def _column(path: Path, prop: SchemaProperty) -> Column:
    if not prop.name or prop.logicalType not in get_args(LogicalType):
        kinds = ", ".join(get_args(LogicalType))
        raise ContractError(f"{path.name}: property {prop.name!r} needs a logicalType out of {kinds}")
    options = _options(path, prop)
    target = next((r.to for r in prop.relationships or [] if r.type == "foreignKey"), None)
    reference = None
    if target is not None:
        feed, _, column = str(target).partition(".")
        reference = Reference(feed, column)
    return Column(
        name=prop.name,
        type=prop.logicalType,  # type: ignore[arg-type]  # held against LogicalType above
        description=prop.description or "",
        unit=_custom(prop.customProperties).get("unit"),
        is_key=bool(prop.primaryKey),
        is_required=bool(prop.required or prop.primaryKey),
        allowed=tuple(str(value.value) for value in prop.enum or []),
        minimum=options.get("minimum"),
        maximum=options.get("maximum"),
        max_length=options.get("maxLength"),
        pattern=options.get("pattern"),
        reference=reference,
    )


def _row_rules(path: Path, table: SchemaObject) -> tuple[RowRule, ...]:
    rules = []
    for rule in table.quality or []:
        if rule.engine != "polars-sql" or not rule.name or not isinstance(rule.implementation, str):
            raise ContractError(f"{path.name}: quality rule {rule.name!r} needs a name and a polars-sql implementation")
        rules.append(RowRule(rule.name, rule.implementation, rule.description or ""))
    return tuple(rules)


def _event_time(path: Path, table: SchemaObject) -> str | None:
    partitioned = [prop for prop in table.properties or [] if prop.partitioned]
    if not partitioned:
        return None
    if len(partitioned) > 1 or partitioned[0].logicalType != "timestamp":
        raise ContractError(f"{path.name}: partitioned must stand on exactly one timestamp, the event time")
    return partitioned[0].name


def _number(path: Path, values: dict[str, Any], name: str, meaning: str) -> float | None:
    value = values.get(name)
    if value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise ContractError(f"{path.name}: {name} must be {meaning}, not {value!r}") from error


def _options(path: Path, prop: SchemaProperty) -> dict[str, Any]:
    """The limits of a property; one that the gate would not hold rows against is refused, not passed over."""
    options = prop.logicalTypeOptions or {}
    for name in [*options, *(["enum"] if prop.enum else [])]:
        if prop.logicalType not in LIMITS.get(name, ()):
            known = ", ".join(limit for limit, types in LIMITS.items() if prop.logicalType in types) or "no limits"
            raise ContractError(f"{path.name}: {prop.name} has {name}; the gate knows {known} on a {prop.logicalType}")
        if name not in ("pattern", "enum") and not isinstance(options[name], int | float):
            raise ContractError(f"{path.name}: {prop.name}: {name} must be a number, not {options[name]!r}")
    return options


def _custom(properties: list[CustomProperty] | None) -> dict[str, Any]:
    return {str(p.property): p.value for p in properties or []}
