"""What a case of the corpus is: files submitted for a feed, and the one outcome they must have.

Belongs here: the forms of cases and ways to write files. The cases are in one module per theme.
"""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

Content = bytes | str | Callable[[Path], object]


@dataclass(frozen=True)
class Accepted:
    """Every row is good, but for exact repeats and older versions. `values`: column → what silver holds, by key."""

    values: Mapping[str, Sequence[object]]
    duplicates: int = 0
    superseded: int = 0


NO_ROWS = Accepted({"site_id": []})  # not yet


@dataclass(frozen=True)
class Quarantined:
    """`rules`: text of `_rules` → how many rows; `good` rows pass beside them."""

    rules: Mapping[str, int]
    good: int = 0


@dataclass(frozen=True)
class Refused:
    """The whole file, with a message that begins with its name and holds `text`; `good` rows of other files pass."""

    text: str
    good: int = 0


@dataclass(frozen=True)
class Case:
    """Files submitted together, oldest first, by name."""

    name: str
    feed: str
    files: Mapping[str, Content]
    outcome: Accepted | Quarantined | Refused


ROWS: Mapping[str, Mapping[str, object]] = {
    "sites": {
        "site_id": "S1", "site_name": "North Rim", "region": "West", "env": "coastal", "lat": 46.5, "lng": -110.25,
        "commissioned_date": "2020-01-31",
    },
    "towers": {
        "tower_id": "T1", "model": "ST-200", "firmware_version": "4.2.1", "site_id": "SITE-01",
        "deploy_date": "2020-01-31", "status": "active",
    },
    "telemetry": {
        "tower_id": "TWR-0001", "ts": "2025-03-03T10:00:00Z", "cpu_pct": 10.5, "mem_pct": 20.5,
        "sensor_health_score": 99.5, "comms_uptime_min": 60.0, "power_watts": 300.5, "ambient_temp_c": -4.5,
    },
    "inventory": {
        "part_number": "P1", "description": "Mast", "category": "power", "on_hand": 5, "in_transit": 1, "allocated": 2,
        "reorder_point": 3, "lead_time_days": 14, "last_updated": "2025-03-03T06:00:00Z",
    },
    "incidents": {
        "incident_id": "I1", "tower_id": "TWR-0001", "opened_at": "2025-03-01T10:00:00Z",
        "closed_at": "2025-03-02T10:00:00Z", "severity": "P3", "category": "power", "root_cause": "Lightning",
    },
    "components": {
        "component_id": "C1", "tower_id": "TWR-0001", "component_type": "radar", "part_number": "P1",
        "installed_at": "2024-01-01", "failed_at": "2024-06-01", "mtbf_target_hours": 9000.0, "is_failed": True,
    },
}  # fmt: skip


def table(feed: str, *changes: Mapping[str, object], **columns: pl.Series) -> pl.DataFrame:
    """A frame of the feed's usual row, once for each of `changes` (at least once), with whole columns on top."""
    rows = [{**ROWS[feed], **change} for change in changes or ({},)]
    return pl.DataFrame(rows, infer_schema_length=None).with_columns(**columns)


def csv_of(feed: str, *changes: Mapping[str, object], separator: str = ",", line_end: str = "\n") -> str:
    """The same as CSV text; values are written as they are."""
    rows = [{**ROWS[feed], **change} for change in changes or ({},)]
    written = pl.DataFrame([{name: str(value) for name, value in row.items()} for row in rows])
    return written.write_csv(separator=separator, line_terminator=line_end)


def json_lines(feed: str, *changes: Mapping[str, object]) -> str:
    """The same as JSON lines."""
    return "".join(json.dumps({**ROWS[feed], **change}) + "\n" for change in changes or ({},))


def parquet(frame: pl.DataFrame, **options: object) -> bytes:
    """The bytes of a parquet file."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, **options)
    return buffer.getvalue()


def one(name: str, feed: str, file: str, content: Content, outcome: Accepted | Quarantined | Refused) -> Case:
    """A case of one file."""
    return Case(name, feed, {file: content}, outcome)
