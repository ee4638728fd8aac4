"""How large and how deeply nested a file may be in memory, so that no small file can take the machine down."""

from pathlib import Path

import polars as pl

from sentinel_orchestration.feeds.openable import BatchRefusedError

MAX_EXPANSION = 200
FREE_BYTES = 2**28  # a file may always take this much
CELL_BYTES = 8  # about the least that a value takes in memory
MAX_DEPTH = 32  # Polars crashes when it reads a column nested some hundred levels deep back from parquet


class Limits:
    """The limits of one file: `max_expansion` times its size, and at least 256 MB."""

    def __init__(self, path: Path, max_expansion: int) -> None:
        self._path, self._size = path, path.stat().st_size
        self._most = max(FREE_BYTES, max_expansion * self._size)

    def check_shape(self, frame: pl.LazyFrame, is_text: bool) -> None:
        """Raises BatchRefusedError for what cannot be read safely: deep nesting, or far too many rows for the file's size."""
        schema = frame.collect_schema()
        for name, dtype in schema.items():
            if _is_too_deep(dtype):
                raise BatchRefusedError(
                    f"{self._path.name}: column {name} is nested over {MAX_DEPTH} levels deep. Flatten it or drop it."
                )
        if is_text and self._size // 2 * len(schema) * CELL_BYTES <= self._most:
            return  # even lines of one character each would not take more
        rows = frame.select(pl.len()).collect().item()
        self.check_size(rows * len(schema) * CELL_BYTES)

    def check_size(self, size: int) -> None:
        """Raises BatchRefusedError if the file takes too many bytes in memory."""
        if size > self._most:
            raise BatchRefusedError(
                f"{self._path.name}: its {self._size:,} bytes unpack to over {self._most / 2**20:,.0f} MB. Check the "
                "program that wrote it; if the file is right, raise SENTINEL_MAX_EXPANSION."
            )


def _is_too_deep(dtype: pl.DataType) -> bool:
    """Whether more than `MAX_DEPTH` lists and structs are nested in each other."""
    level = [dtype]
    for _ in range(MAX_DEPTH + 1):
        level = [inner for outer in level for inner in inner_types(outer)]
    return bool(level)


def inner_types(dtype: pl.DataType) -> list[pl.DataType]:
    """The types that a list, an array or a struct holds; none for any other type."""
    if isinstance(dtype, pl.List | pl.Array):
        return [dtype.inner]  # type: ignore[list-item]  # a class only if no value was made of it
    if isinstance(dtype, pl.Struct):
        return [field.dtype for field in dtype.fields]  # type: ignore[misc]  # likewise
    return []
