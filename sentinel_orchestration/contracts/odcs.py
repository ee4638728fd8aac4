"""Reads one Open Data Contract Standard v3 file as a contract, or says which rule it breaks."""

import hashlib
import math
from pathlib import Path
from typing import Any, TypeGuard, get_args

import yaml
from open_data_contract_standard.model import (
    CustomProperty,
    OpenDataContractStandard,
    SchemaObject,
    SchemaProperty,
    ServiceLevelAgreementProperty,
)
from pydantic import ValidationError

from sentinel_orchestration.contracts.model import Column, Contract, LogicalType, Reference, RowRule

SUFFIX = ".odcs.yaml"
DEFAULT_MAX_QUARANTINE_SHARE = 0.02
LIMITS = {  # each limit the gate can check → the types it applies to
    "minimum": ("integer", "number"),
    "maximum": ("integer", "number"),
    "maxLength": ("string",),
    "pattern": ("string",),
    "enum": ("string",),
}
OPEN = {"public", "internal"}  # classifications of columns that a message may quote


class ContractError(ValueError):
    """A contract file that cannot be used; the message names the file, the rule and the fix."""


def short_name(path: Path) -> str:
    """<domain>/<feed>.odcs.yaml, as messages name a contract file."""
    return f"{path.parent.name}/{path.name}"


def read_contract(path: Path) -> Contract:
    """The contract in the file <domain>/<feed>.odcs.yaml. Raises ContractError for a file that breaks a rule."""
    text = path.read_bytes()
    try:
        document = OpenDataContractStandard(**yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError, TypeError) as error:
        raise ContractError(f"{short_name(path)}: not an Open Data Contract Standard v3 file: {error}") from error
    feed = path.name.removesuffix(SUFFIX)
    if not (document.schema_ and len(document.schema_) == 1 and document.schema_[0].name == feed):
        raise ContractError(f"{short_name(path)}: must have exactly one schema, named {feed}.")
    if not document.domain or not document.version:
        raise ContractError(f"{short_name(path)}: domain and version must be set.")
    if document.domain != path.parent.name:
        raise ContractError(
            f"{short_name(path)}: its domain is {document.domain}, but it is in the folder {path.parent.name}. "
            "Change the domain or move the file."
        )
    table = document.schema_[0]
    columns = tuple(_column(path, prop) for prop in table.properties or [])
    _check_names(path, columns)
    event_time = _event_time(path, table)
    if event_time and any(column.keeps_history for column in columns):
        raise ContractError(f"{short_name(path)}: history is for snapshots; an event says itself when it was true.")
    if sum(column.is_version for column in columns) > 1:
        raise ContractError(
            f"{short_name(path)}: two columns say version: true. Only one can order the versions of a row."
        )
    warn_hours, error_hours = _freshness_limits(path, document.slaProperties or [], event_time)
    return Contract(
        feed=feed,
        domain=document.domain,
        version=document.version,
        owner=(getattr(document.team, "name", None) or "unowned"),
        description=(document.description.purpose if document.description else None) or "",
        grain=table.dataGranularityDescription or "",
        columns=columns,
        rules=_row_rules(path, table),
        event_time=event_time,
        freshness_warn_hours=warn_hours,
        freshness_error_hours=error_hours,
        max_quarantine_share=_max_quarantine_share(path, document.customProperties),
        digest=hashlib.sha256(text).hexdigest(),
    )


def _check_names(path: Path, columns: tuple[Column, ...]) -> None:
    names = [column.name for column in columns]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ContractError(f"{short_name(path)}: {', '.join(doubled)} is listed twice.")
    if not any(column.is_key for column in columns):
        raise ContractError(f"{short_name(path)}: no property has primaryKey: true. Rows need a key.")


def _column(path: Path, prop: SchemaProperty) -> Column:
    if not prop.name or prop.logicalType not in get_args(LogicalType):
        types = ", ".join(get_args(LogicalType))
        raise ContractError(f"{short_name(path)}: property {prop.name!r} needs a logicalType: one of {types}.")
    options = _options(path, prop)
    target = next((r.to for r in prop.relationships or [] if r.type == "foreignKey"), None)
    reference = None
    if target is not None:
        feed, _, column = str(target).partition(".")
        reference = Reference(feed, column)
    is_required = bool(prop.required or prop.primaryKey)
    if is_required and _flag(path, prop, "optional"):
        raise ContractError(f"{short_name(path)}: {prop.name} is both required and optional. Drop one of them.")
    return Column(
        name=prop.name,
        type=prop.logicalType,  # type: ignore[arg-type]  # checked against LogicalType above
        description=prop.description or "",
        unit=_custom(prop.customProperties).get("unit"),
        is_key=bool(prop.primaryKey),
        is_required=is_required,
        allowed=tuple(str(value.value) for value in prop.enum or []),
        minimum=options.get("minimum"),
        maximum=options.get("maximum"),
        max_length=options.get("maxLength"),
        pattern=options.get("pattern"),
        reference=reference,
        keeps_history=_flag(path, prop, "history"),
        is_version=_flag(path, prop, "version"),
        is_optional=_flag(path, prop, "optional"),
        is_personal=bool(prop.classification) and str(prop.classification).strip().lower() not in OPEN,
    )


def _flag(path: Path, prop: SchemaProperty, name: str) -> bool:
    """A custom property of a column that is true or false."""
    value = _custom(prop.customProperties).get(name, False)
    if not isinstance(value, bool):
        raise ContractError(f"{short_name(path)}: {prop.name}: {name} must be true or false, not {value!r}.")
    return value


def _options(path: Path, prop: SchemaProperty) -> dict[str, Any]:
    """The limits of a property. One that the gate cannot check is refused rather than ignored."""
    options = prop.logicalTypeOptions or {}
    for name in [*options, *(["enum"] if prop.enum else [])]:
        if prop.logicalType not in LIMITS.get(name, ()):
            known = ", ".join(limit for limit, types in LIMITS.items() if prop.logicalType in types) or "no limits"
            raise ContractError(
                f"{short_name(path)}: {prop.name} has {name}, but the gate checks {known} on a {prop.logicalType}."
            )
        if name not in ("pattern", "enum") and not _is_number(options[name]):
            raise ContractError(f"{short_name(path)}: {prop.name}: {name} must be a number, not {options[name]!r}.")
    return options


def _row_rules(path: Path, table: SchemaObject) -> tuple[RowRule, ...]:
    rules = []
    for rule in table.quality or []:
        if rule.engine != "polars-sql" or not rule.name or not isinstance(rule.implementation, str):
            raise ContractError(
                f"{short_name(path)}: quality rule {rule.name!r} needs a name and a polars-sql implementation."
            )
        rules.append(RowRule(rule.name, rule.implementation, rule.description or ""))
    return tuple(rules)


def _event_time(path: Path, table: SchemaObject) -> str | None:
    partitioned = [prop for prop in table.properties or [] if prop.partitioned]
    if not partitioned:
        return None
    if len(partitioned) > 1 or partitioned[0].logicalType != "timestamp":
        raise ContractError(
            f"{short_name(path)}: partitioned marks the event time, so exactly one timestamp may have it."
        )
    return partitioned[0].name


def _freshness_limits(
    path: Path, levels: list[ServiceLevelAgreementProperty], event_time: str | None
) -> tuple[float | None, float | None]:
    """Hours after which the newest event is a warning and an error. Either may be missing."""
    by_name = {str(level.property): level for level in levels}
    warn, error = (_hours(path, by_name.get(name)) for name in ("freshnessWarn", "freshnessError"))
    if event_time is None and (warn is not None or error is not None):
        raise ContractError(
            f"{short_name(path)}: has freshness limits but no event time. Mark it with partitioned: true, or drop the limits."
        )
    if warn is not None and error is not None and warn >= error:
        raise ContractError(
            f"{short_name(path)}: freshnessWarn ({warn:g} h) must be less than freshnessError ({error:g} h)."
        )
    return warn, error


def _hours(path: Path, level: ServiceLevelAgreementProperty | None) -> float | None:
    if level is None:
        return None
    if not _is_number(level.value) or not 0 < level.value < math.inf:
        raise ContractError(
            f"{short_name(path)}: {level.property} must be a number of hours over 0, not {level.value!r}."
        )
    if level.unit not in (None, "h"):
        raise ContractError(f"{short_name(path)}: {level.property} must be in hours (unit: h), not {level.unit!r}.")
    return float(level.value)


def _max_quarantine_share(path: Path, properties: list[CustomProperty] | None) -> float:
    share = _custom(properties).get("maxQuarantineShare", DEFAULT_MAX_QUARANTINE_SHARE)
    if not _is_number(share) or not 0 <= share <= 1:
        raise ContractError(f"{short_name(path)}: maxQuarantineShare must be a number from 0 to 1, not {share!r}.")
    return float(share)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _custom(properties: list[CustomProperty] | None) -> dict[str, Any]:
    return {str(p.property): p.value for p in properties or []}
