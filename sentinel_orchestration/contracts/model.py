"""The typed form of a contract, as the rest of Sentinel reads it: plain immutable objects."""

from dataclasses import dataclass
from typing import Literal

LogicalType = Literal["string", "integer", "number", "boolean", "date", "timestamp"]
FeedKind = Literal["event", "snapshot"]


@dataclass(frozen=True)
class Reference:
    """A foreign key: each value must exist in `column` of `feed`."""

    feed: str
    column: str


@dataclass(frozen=True)
class Column:
    """One column of a feed and every rule that a single value of it must follow."""

    name: str
    type: LogicalType
    description: str
    unit: str | None = None
    is_key: bool = False
    is_required: bool = False
    is_optional: bool = False  # files may leave the whole column out
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None
    pattern: str | None = None
    reference: Reference | None = None
    keeps_history: bool = False  # only in a snapshot: an event says when it was true
    is_version: bool = False  # of two rows with one key, the one with the greater value is the newer
    is_personal: bool = False  # no value of it is in a message of a check, which alerts carry out of the house

    def range_text(self) -> str:
        """The values that a number may have, for people: '0 to 100', 'at least 0'; empty where any will do."""
        if self.minimum is not None and self.maximum is not None:
            return f"{self.minimum:,.12g} to {self.maximum:,.12g}"
        if self.minimum is not None:
            return f"at least {self.minimum:,.12g}"
        return "" if self.maximum is None else f"at most {self.maximum:,.12g}"

    def rule_text(self) -> str:
        """The column's rules in words, for people: '0 to 100', 'one of a, b', 'exists in towers.tower_id'."""
        parts: list[str] = []
        if self.allowed:
            parts.append("one of " + ", ".join(self.allowed))
        if self.range_text():
            parts.append(self.range_text())
        if self.reference:
            parts.append(f"exists in {self.reference.feed}.{self.reference.column}")
        if self.pattern:
            parts.append(f"matches {self.pattern}")
        if self.max_length:
            parts.append(f"at most {self.max_length:,} characters")
        return "; ".join(parts)

    def dictionary_text(self) -> str:
        """What holds of the column, for whoever looks it up: its rules, and whether it is personal."""
        return "; ".join(text for text in (self.rule_text(), "personal" if self.is_personal else "") if text)


@dataclass(frozen=True)
class RowRule:
    """A rule over several columns of one row: a boolean SQL expression that must not be false."""

    name: str
    expression: str
    description: str


@dataclass(frozen=True)
class Contract:
    """What one feed must look like.

    The freshness limits are hours from the newest event to now; either may be missing, and a snapshot has none.
    `digest` is the sha256 of the contract file: when it changes, the rows of the feed are checked again.
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
        """`event` if rows have an event time and are stored in daily partitions, else `snapshot`."""
        return "event" if self.event_time else "snapshot"

    @property
    def column_names(self) -> list[str]:
        """Column names in the order of the contract."""
        return [column.name for column in self.columns]

    @property
    def needed_columns(self) -> list[str]:
        """The columns that each file must have."""
        return [column.name for column in self.columns if not column.is_optional]

    @property
    def key(self) -> list[str]:
        """The columns that together identify a row."""
        return [column.name for column in self.columns if column.is_key]

    @property
    def personal(self) -> frozenset[str]:
        """The columns whose values are in no message."""
        return frozenset(column.name for column in self.columns if column.is_personal)

    @property
    def version_column(self) -> str | None:
        """The column whose greatest value marks the newest row of a key, if the contract names one."""
        return next((column.name for column in self.columns if column.is_version), None)

    @property
    def references(self) -> list[tuple[str, Reference]]:
        """(column, reference) for every foreign key."""
        return [(column.name, column.reference) for column in self.columns if column.reference]
