"""What a measurement comes to: a value, its spread, and the limit it is compared with."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    `scale` multiplies the towers for the large build, `ladder` those of the ladder's last rung; 0 skips it.
    `is_warm`: everything runs once, unmeasured, before it is measured. Only a trial of the harness goes without.
    """

    as_of: datetime
    towers: int = 60
    days: int = 60
    scale: int = 100
    ladder: int = 1_000
    repeats: int = 5
    large_repeats: int = 2
    report_repeats: int = 1
    gate_rows: int = 2_000_000
    loop_rows: int = 50_000
    is_warm: bool = True


@dataclass(frozen=True)
class Bench:
    """What every measurement gets: the plan, a folder that is removed at the end, and where to report progress."""

    plan: Plan
    scratch: Path
    say: Say


@dataclass(frozen=True)
class Figure:
    """One line of the result. `values` are the repeats, `value` is their median."""

    group: str
    name: str
    unit: str
    values: tuple[float, ...]
    limit: float | None = None
    bound: Literal["at most", "over"] = "at most"
    note: str = ""
    detail: dict[str, object] = field(default_factory=dict)

    @property
    def value(self) -> float:
        """The median of the repeats."""
        return statistics.median(self.values)

    @property
    def is_met(self) -> bool | None:
        """Whether the value is within the limit; None if there is no limit."""
        if self.limit is None:
            return None
        return self.value <= self.limit if self.bound == "at most" else self.value > self.limit


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> tuple[float, ...]:
    """Pair by pair: what slows the machine for a while slows both of a pair."""
    return tuple(above / below for above, below in zip(numerators, denominators, strict=True))
