"""The per-row way, which the gate and the generator are compared with: a pydantic model made from a contract, and a loop."""

import random
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError, create_model

from sentinel_orchestration.contracts import Column, Contract

TYPES: Mapping[str, type] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "date": date,
    "timestamp": datetime,
}
Row = dict[str, Any]
BASES = {  # of telemetry: middle, spread, least, most, decimals
    "cpu_pct": (44.0, 9.0, 0.0, 100.0, 1),
    "mem_pct": (57.0, 8.0, 0.0, 100.0, 1),
    "sensor_health_score": (92.0, 4.0, 0.0, 100.0, 2),
    "comms_uptime_min": (57.0, 3.0, 0.0, 60.0, 2),
    "power_watts": (540.0, 60.0, 0.0, 5_000.0, 1),
    "ambient_temp_c": (9.0, 6.0, -60.0, 60.0, 1),
}


def row_model(contract: Contract) -> type[BaseModel]:
    """A model with one field per column: its type, range, allowed values, length, pattern, and whether it may be null."""
    fields: dict[str, Any] = {column.name: _field(column) for column in contract.columns}
    return create_model(contract.feed, **fields)


def check_rows(
    rows: Iterable[Row], model: type[BaseModel], key: tuple[str, ...], known: Mapping[str, frozenset[str]]
) -> tuple[list[Row], list[Row]]:
    """(good rows, rejected rows): types and values by the model, references in `known`, each key once."""
    good: list[Row] = []
    rejected: list[Row] = []
    seen: set[tuple[Any, ...]] = set()
    for row in rows:
        try:
            checked = model.model_validate(row).model_dump()
        except ValidationError:
            rejected.append(row)
            continue
        identity = tuple(checked[name] for name in key)
        if identity in seen or any(checked[name] not in values for name, values in known.items()):
            rejected.append(row)
            continue
        seen.add(identity)
        good.append(checked)
    return good, rejected


def make_rows(model: type[BaseModel], towers: int, rows: int, start: datetime, seed: int) -> list[Row]:
    """Telemetry one row at a time: each reading drawn, bounded and rounded, each row made by the model.

    Simpler than the simulator, which also has weather, decline and outages.
    """
    draw, made = random.Random(seed), []
    for number in range(rows):
        row: Row = {"tower_id": f"TWR-{number % towers:04d}", "ts": start + timedelta(hours=number // towers)}
        for name, (middle, spread, least, most, decimals) in BASES.items():
            row[name] = round(min(max(draw.gauss(middle, spread), least), most), decimals)
        made.append(model.model_validate(row).model_dump())
    return made


def _field(column: Column) -> Any:
    kind: Any = Literal[column.allowed] if column.allowed else TYPES[column.type]
    limits: dict[str, Any] = {
        "ge": column.minimum,
        "le": column.maximum,
        "max_length": column.max_length,
        "pattern": f"^(?:{column.pattern})$" if column.pattern else None,
    }
    if column.type == "number":
        limits["allow_inf_nan"] = False
    kept = {name: limit for name, limit in limits.items() if limit is not None}
    annotated = Annotated[kind, Field(**kept)] if kept and not column.allowed else kind
    return (annotated, ...) if column.is_required else (annotated | None, None)
