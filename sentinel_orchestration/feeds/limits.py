"""How much a handed-in file may come to in memory, so that no small file can take the machine down.

Belongs here: bounds on size and nesting. Does not belong here: reading rows (readers).
"""

from pathlib import Path

import polars as pl

from sentinel_orchestration.feeds.openable import BatchRefusedError

MAX_EXPANSION = 200
FREE_BYTES = 2**28  # up to here no file is too large for its size
CELL_BYTES = 8  # about the least a value takes in memory
DEEPEST = 32  # a column nested some hundred deep ends the process when Polars reads it back from parquet


class Limits:
    """The bounds of one file: `max_expansion` times its size, and always 256 MB."""

    def __init__(self, path: Path, max_expansion: int) -> None:
        self._path, self._size = path, path.stat().st_size
        self._most = max(FREE_BYTES, max_expansion * self._size)

    def check_shape(self, frame: pl.LazyFrame, is_text: bool) -> None:
        """Raises BatchRefusedError for what could not even be read safely: deep nesting, rows out of all proportion."""
        schema = frame.collect_schema()
        for name, dtype in schema.items():
            if _is_too_deep(dtype):
                raise BatchRefusedError(
                    f"{self._path.name}: column {name} is nested over {DEEPEST} deep. Flatten it or drop it."
                )
        if is_text and self._size // 2 * len(schema) * CELL_BYTES <= self._most:
            return  # not even lines of one character each would come to more
        rows = frame.select(pl.len()).collect().item()
        self.check_size(rows * len(schema) * CELL_BYTES)

    def check_size(self, size: int) -> None:
        """Raises BatchRefusedError where the file comes to too many bytes in memory."""
        if size > self._most:
            raise BatchRefusedError(
                f"{self._path.name}: its {self._size:,} bytes unpack to over {self._most / 2**20:,.0f} MB. Look at what "
                "wrote it; where it is right, raise SENTINEL_MAX_EXPANSION."
            )


def _is_too_deep(dtype: pl.DataType) -> bool:
    """Whether more than `DEEPEST` lists and structs stand inside each other."""
    level = [dtype]
    for _ in range(DEEPEST + 1):
        level = [inner for outer in level for inner in _inner(outer)]
    return bool(level)


def _inner(dtype: pl.DataType) -> list[pl.DataType]:
    if isinstance(dtype, pl.List | pl.Array):
        return [dtype.inner]  # type: ignore[list-item]  # a class only where nobody made a value of it
    if isinstance(dtype, pl.Struct):
        return [field.dtype for field in dtype.fields]  # type: ignore[misc]  # likewise
    return []
