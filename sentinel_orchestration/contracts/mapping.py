"""The map of a feed, `mappings/<feed>.yaml`: how files with other names, values, zones and units fit its contract."""

import hashlib
import json
from collections.abc import Collection
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

SHOWN_VALUES = 5


def _as_number(value: object) -> object:
    """A fraction such as 5/9 as the nearest number."""
    if not isinstance(value, str):
        return value
    try:
        return float(Fraction(value))
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise ValueError("must be a number or a fraction such as 5/9") from error


Number = Annotated[float, BeforeValidator(_as_number), Field(allow_inf_nan=False)]


class ColumnMap(BaseModel):
    """How one column of the contract is made from a file.

    Its source is one column (`physicalName`, or its own name), several (`join`, with `separator` between them), or none
    (`constant`, as text). Then `values` are replaced, local times of `timeZone` become UTC, and numbers become
    value * `factor` + `offset`. A local time that a clock shows twice is the `earliest` or `latest` of the two moments, or
    quarantined; one that it skips is always quarantined.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    physical_name: str = Field("", min_length=1)
    join: tuple[str, ...] = Field((), min_length=2)
    separator: str = Field("", min_length=1)
    constant: str | None = None
    values: dict[str, str | None] = Field({}, min_length=1)
    time_zone: str = Field("", min_length=1)
    ambiguous: Literal["earliest", "latest", "quarantine"] = "quarantine"
    factor: Number = 1.0
    offset: Number = 0.0

    @property
    def has_constant(self) -> bool:
        """Whether the column has one value for all rows, which may be null."""
        return "constant" in self.model_fields_set

    @property
    def has_unit(self) -> bool:
        """Whether numbers are in another unit than the contract's."""
        return not self.model_fields_set.isdisjoint({"factor", "offset"})

    def sources(self, name: str) -> tuple[str, ...]:
        """The columns of the file that the contract's column `name` is made from."""
        if self.has_constant:
            return ()
        return self.join or (self.physical_name or name,)

    def in_words(self) -> str:
        """What it does, for people: 'temp_f × 0.555556 − 17.7778', 'time, in America/Denver'."""
        if self.has_constant:
            return "constant " + ("null" if self.constant is None else self.constant)
        parts = [f" {self.separator} ".join(self.join) or self.physical_name]
        if self.has_unit:
            scaled = f" × {self.factor:.6g}" if self.factor != 1 else ""
            sign = "−" if self.offset < 0 else "+"
            parts[0] += scaled + (f" {sign} {abs(self.offset):.6g}" if self.offset else "")
        if self.time_zone:
            parts.append(f"in {self.time_zone}")
        changed = [f"{old} → {'null' if new is None else new}" for old, new in self.values.items()]
        more = [f"{len(changed) - SHOWN_VALUES} more values"] if len(changed) > SHOWN_VALUES else []
        return ", ".join(part for part in (*parts, *changed[:SHOWN_VALUES], *more) if part).strip()


class FeedMap(BaseModel):
    """The columns of a contract that files have in another form."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: Annotated[dict[str, ColumnMap], BeforeValidator(lambda said: {} if said is None else said)] = {}

    @property
    def text(self) -> str:
        """The map in one form, whatever its file looks like; empty where it says nothing. `parse_map` reads it back."""
        if not self.columns:
            return ""
        return json.dumps(self.model_dump(by_alias=True, exclude_unset=True), sort_keys=True, ensure_ascii=False)

    def digest(self, sha256: str) -> str:
        """The sha256 of a batch of this content: under another map it is another batch, as its rows mean something else."""
        return hashlib.sha256(f"{sha256}\n{self.text}".encode()).hexdigest() if self.columns else sha256

    def applied_to(self, present: Collection[str]) -> dict[str, ColumnMap]:
        """Column of the contract → how it is made from a file with the columns `present`.

        A column whose sources are not there is read under the contract's name, as it is. A constant stands for a column
        that is not there.
        """
        return {
            name: how
            for name, how in self.columns.items()
            if (name not in present if how.has_constant else all(source in present for source in how.sources(name)))
        }


NO_MAP = FeedMap()


@lru_cache(maxsize=256)
def parse_map(text: str) -> FeedMap:
    """The map whose `text` this is."""
    return FeedMap.model_validate(json.loads(text)) if text else NO_MAP


def field_names() -> list[str]:
    """What a column of a map may say, as it is written."""
    return [to_camel(name) for name in ColumnMap.model_fields]
