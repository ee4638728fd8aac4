"""Looks at a file of a feed that has no contract yet: what its columns hold, what identifies a row, when it happened.

The file is read in chunks, twice: once for the types, once for the values. Distinct values are counted by DuckDB, which spills to
disk.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from sentinel_orchestration.contracts import Column
from sentinel_orchestration.contracts.draft import Sample, SampleColumn
from sentinel_orchestration.contracts.model import LogicalType
from sentinel_orchestration.feeds.limits import MAX_EXPANSION
from sentinel_orchestration.feeds.openable import BatchRefusedError
from sentinel_orchestration.feeds.readers import read_chunks
from sentinel_orchestration.lake.column_types import column_types
from sentinel_orchestration.lake.conform import conform
from sentinel_orchestration.lake.rules import CLOCK_SKEW, EARLIEST_EVENT

SNAPSHOT = "none"  # as the event time, by name: there is none
IDENTIFIER = re.compile(r"(.*_)?(id|key|code|number|uuid)")
UPDATED = re.compile(
    r"updated|modified|loaded|refreshed|created|inserted"
)  # when a row was written, not when it happened
KEY_TYPES = ("string", "integer", "date", "timestamp")
KEY_COLUMNS, KEY_CANDIDATES = 3, 8
FEW_VALUES, FEW_CHARACTERS = 20, 60
APPROXIMATELY = 0.5  # of a number of distinct values: DuckDB's estimate is off by an eighth or so
MEMORY = "1GB"


@dataclass(frozen=True)
class Said:
    """What a person said instead of leaving it to a guess. `event_time` is a column, `none`, or None for a guess."""

    key: Sequence[str] = ()
    event_time: str | None = None


def read_sample(path: Path, chunk_rows: int, max_expansion: int = MAX_EXPANSION, said: Said | None = None) -> Sample:
    """What the rows of a parquet, CSV or JSON-lines file show. Its columns have names that SQL and Polars take as they are.

    Raises BatchRefusedError for a file that cannot be read or has no rows, and where no key is found.
    """
    said = said or Said()
    rows, types, left_out = column_types(read_chunks(path, chunk_rows, max_expansion), said.event_time)
    if not rows:
        raise BatchRefusedError(f"{path.name}: has no rows. A draft needs some to be made from.")
    if not types:
        raise BatchRefusedError(f"{path.name}: has no column that a contract can describe. Flatten lists and structs.")
    columns = [Column(name, found, "") for name, found in types.items()]
    with TemporaryDirectory(prefix="sentinel-sample-") as folder:
        for number, chunk in enumerate(read_chunks(path, chunk_rows, max_expansion)):
            typed = chunk.select(conform(column, chunk.schema[column.name]).alias(column.name) for column in columns)
            typed.write_parquet(Path(folder, f"{number}.parquet"))
        with duckdb.connect(config={"temp_directory": folder, "memory_limit": MEMORY}) as connection:
            connection.execute(f"create view sample as from read_parquet('{folder}/*.parquet')")
            return _Rows(connection, path.name, types).sample(said, left_out)


class _Rows:
    """The typed rows of a sample, as the view `sample` of a DuckDB connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, file: str, types: dict[str, LogicalType]) -> None:
        self._connection, self._file, self._types = connection, file, types

    def sample(self, said: Said, left_out: dict[str, str]) -> Sample:
        """All that is said of the sample."""
        rows, distinct = self._one(
            "select count(*), (select count(*) from (select distinct * from sample)) from sample"
        )
        columns, sizes = self._columns()
        event_time = said.event_time or _event_time(columns)
        event_time = None if event_time == SNAPSHOT else event_time
        for name in filter(None, [*said.key, event_time]):
            self._check_is_filled(name, columns)
        key = tuple(said.key) or self._key(columns, sizes, event_time, distinct)
        repeated = distinct - self._distinct(key)
        return Sample(self._file, rows, tuple(columns), key, event_time, repeated, left_out)

    def _columns(self) -> tuple[list[SampleColumn], dict[str, int]]:
        """What each column holds, and about how many different values."""
        wanted = [part for name, kind in self._types.items() for part in _facts(name, kind)]
        facts = self._one(f"select {', '.join(wanted)} from sample")
        columns, sizes = list[SampleColumn](), dict[str, int]()
        for place, (name, kind) in enumerate(self._types.items()):
            missing, lowest, highest, longest, sizes[name] = facts[place * 5 : place * 5 + 5]
            values = self._values(name) if kind == "string" and longest and longest <= FEW_CHARACTERS else ()
            columns.append(SampleColumn(name, kind, missing, lowest, highest, values, longest))
        return columns, sizes

    def _values(self, name: str) -> tuple[str, ...]:
        """Every value of text, in order, where they are few and come again."""
        query = f'select "{name}", count(*) from sample where "{name}" is not null group by 1 order by 1 limit {FEW_VALUES + 1}'
        found = self._connection.execute(query).fetchall()
        comes_again = sum(count for _, count in found) > len(found)
        return tuple(value for value, _ in found) if len(found) <= FEW_VALUES and comes_again else ()

    def _key(
        self, columns: Sequence[SampleColumn], sizes: dict[str, int], event_time: str | None, distinct: int
    ) -> tuple[str, ...]:
        """The fewest columns that identify a row: ids and the event time before others, the first columns before later ones."""
        filled = [column for column in columns if not column.missing and column.type in KEY_TYPES]
        filled.sort(key=lambda c: (not IDENTIFIER.fullmatch(c.name), c.name != event_time))
        names = [column.name for column in filled]
        for width in range(1, KEY_COLUMNS + 1):
            for key in combinations(names if width == 1 else names[:KEY_CANDIDATES], width):
                is_possible = prod(sizes[name] for name in key) >= APPROXIMATELY * distinct
                if is_possible and self._distinct(key) == distinct:
                    return key
        raise BatchRefusedError(
            f"{self._file}: found no key. No column, and no two or three together, have a value in each row that comes only "
            "once. Name the columns with --key."
        )

    def _distinct(self, names: Sequence[str]) -> int:
        listed = ", ".join(f'"{name}"' for name in names)
        return int(self._one(f"select count(*) from (select distinct {listed} from sample)")[0])

    def _check_is_filled(self, name: str, columns: Sequence[SampleColumn]) -> None:
        column = next((column for column in columns if column.name == name), None)
        if column is None:
            raise BatchRefusedError(
                f"{self._file}: {name} is no column of it that can be a key or an event time. Name one of "
                f"{', '.join(self._types)}; an event time must be written as a time."
            )
        if column.missing:
            raise BatchRefusedError(
                f"{self._file}: {name} has no value, or one that cannot be read as a {column.type}, in {column.missing:,} "
                "rows. A key and an event time need one in each row. Name another column."
            )

    def _one(self, query: str) -> tuple[Any, ...]:
        row = self._connection.execute(query).fetchone()
        assert row is not None
        return row


def _facts(name: str, kind: LogicalType) -> list[str]:
    """SQL for the rows without a value, the lowest and highest value, the longest text, and about how many values there are."""
    value, has_range = f'"{name}"', kind in ("integer", "number", "date", "timestamp")
    finite = f" filter (isfinite({value}))" if kind == "number" else ""
    ends = [f"{end}({value}){finite}" if has_range else "null" for end in ("min", "max")]
    longest = f"max(length({value}))" if kind == "string" else "null"
    return [f"count(*) - count({value})", *ends, longest, f"approx_count_distinct({value})"]


def _event_time(columns: Sequence[SampleColumn]) -> str | None:
    """The first time that each row has; none where a row may still wait for a time, as what is open waits for its end."""
    times = [column for column in columns if column.type == "timestamp" and not UPDATED.search(column.name)]
    if any(column.missing for column in times):
        return None
    latest = datetime.now(UTC).replace(tzinfo=None) + CLOCK_SKEW
    plausible = (c.name for c in times if _is_between(c, EARLIEST_EVENT, latest))
    return next(plausible, None)


def _is_between(column: SampleColumn, first: datetime, last: datetime) -> bool:
    lowest, highest = column.lowest, column.highest
    return isinstance(lowest, datetime) and isinstance(highest, datetime) and first <= lowest and highest <= last
