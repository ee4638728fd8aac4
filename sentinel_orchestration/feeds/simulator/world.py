"""What a simulation depends on besides the feed and the day, and the two shapes a generator can have."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl


@dataclass(frozen=True)
class World:
    """The seed and scale of a simulation: with the feed and the day, they determine every row."""

    seed: int
    sites: int
    towers: int

    def __post_init__(self) -> None:
        if self.sites < 1 or self.towers < 1:
            raise ValueError(f"a world needs at least one site and one tower, not {self.sites} and {self.towers}")


# (world, day, until): the rows of one UTC day that happen before `until`, in order of time.
EventGenerator = Callable[[World, date, datetime], pl.DataFrame]
# (world, as_of): the rows as known at `as_of`.
SnapshotGenerator = Callable[[World, datetime], pl.DataFrame]
