"""The typed form of a contract, as the rest of Sentinel reads it.

Belongs here: plain immutable objects. Does not belong here: YAML (loader) or Polars (the gate).
"""

from dataclasses import dataclass
from typing import Literal

LogicalType = Literal["string", "integer", "number", "boolean", "date", "timestamp"]
FeedKind = Literal["event", "snapshot"]


@dataclass(frozen=True)
class Reference:
    """A foreign key: the values must exist in `column` of `feed`."""

    feed: str
    column: str


@dataclass(frozen=True)
class Column:
    """One column of a feed and every rule a single value of it must keep."""

    name: str
    type: LogicalType
    description: str
    unit: str | None = None
    is_key: bool = False
    is_required: bool = False
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None
    pattern: str | None = None
    reference: Reference | None = None

    def rule_text(self) -> str:
        """The column's rules in words, for people: '0 to 100', 'one of a, b', 'exists in towers.tower_id'."""
        parts: list[str] = []
        if self.allowed:
            parts.append("one of " + ", ".join(self.allowed))
        if self.minimum is not None and self.maximum is not None:
            parts.append(f"{self.minimum:,.12g} to {self.maximum:,.12g}")
        elif self.minimum is not None:
            parts.append(f"at least {self.minimum:,.12g}")
        elif self.maximum is not None:
            parts.append(f"at most {self.maximum:,.12g}")
        if self.reference:
            parts.append(f"exists in {self.reference.feed}.{self.reference.column}")
        if self.pattern:
            parts.append(f"matches {self.pattern}")
        if self.max_length:
            parts.append(f"at most {self.max_length:,} characters")
        return "; ".join(parts)


@dataclass(frozen=True)
class RowRule:
    """A rule over several columns of one row: a boolean SQL expression that must not be false."""

    name: str
    expression: str
    description: str


@dataclass(frozen=True)
class Contract:
    """What one feed must look like.

    `digest` is the sha256 of the contract file, so that a changed contract gates its feed anew.
    """

    feed: str
    domain: str
    version: str
    owner: str
    description: str
    grain: str
    columns: tuple[Column, ...]
    rules: tuple[RowRule, ...]
    event_time: str | None
    freshness_warn_hours: float | None
    freshness_error_hours: float | None
    max_quarantine_share: float
    digest: str

    @property
    def kind(self) -> FeedKind:
        """`event` where rows carry an event time and land in daily partitions, else `snapshot`."""
        return "event" if self.event_time else "snapshot"

    @property
    def column_names(self) -> list[str]:
        """Names in the order of the contract."""
        return [column.name for column in self.columns]

    @property
    def key(self) -> list[str]:
        """The columns that together identify a row."""
        return [column.name for column in self.columns if column.is_key]

    @property
    def references(self) -> list[tuple[str, Reference]]:
        """(column, reference) of every foreign key."""
        return [(column.name, column.reference) for column in self.columns if column.reference]
