"""How alike a column of a file and one of a contract are, by name and by values. It is for guesses that a person checks."""

import re
from difflib import SequenceMatcher, get_close_matches

import polars as pl

from sentinel_orchestration.contracts import Column
from sentinel_orchestration.contracts.model import LogicalType
from sentinel_orchestration.lake.conform import DTYPES, conform
from sentinel_orchestration.lake.mapped import as_text
from sentinel_orchestration.lake.shape import can_mean

# Parts of names that say of which kind a column is, not which one.
KINDS = {
    *("id", "ts", "at", "time", "utc", "pct", "percent", "deg", "c", "f", "w", "watts", "kw", "m", "km", "ft"),
    *("ms", "s", "sec", "seconds", "min", "minutes", "h", "hours", "d", "days"),
}
SHORTENED = 0.6  # lat for latitude, fw for firmware_version, id for tower_id
ALIKE = 0.7
CLOSE = 0.75
FEW_VALUES = 0.4  # how well values fit an enum that they do not spell, if there are no more than it could have
MOST, UNLIKELY = 0.5, 0.3


def name_likeness(name: str, other: str) -> float:
    """0 to 1: half for the words they share, half for the letters; more for an abbreviation, or a part of a longer name."""
    ours, theirs = _words(name), _words(other)
    short, long = sorted((ours, theirs), key=len)
    letters = SequenceMatcher(None, "".join(short), "".join(long)).ratio()
    cores = [[word for word in words if word not in KINDS] for words in (short, long)]
    shared = _shared(*cores) if all(cores) else _shared(short, long)
    is_part = bool(short) and long[-len(short) :] == short
    is_shortened = _abbreviates(*sorted(("".join(short), "".join(long)), key=len))
    return max((shared + letters) / 2, letters * ALIKE, SHORTENED if is_part or is_shortened else 0.0)


def value_fit(values: pl.Series, column: Column) -> float:
    """0 to 1: the share of the values that the column could have; less where they look like another kind of column."""
    present = values.drop_nulls()
    if present.is_empty():
        return 1.0
    if column.allowed:
        meant = closest_values(present, column.allowed)
        known = sum(new is not None for new in meant.values()) / len(meant)
        return max(known, FEW_VALUES if len(meant) <= 2 * len(column.allowed) else 0.0)
    share = _share_read(present, column.type)
    if column.type == "string" and max(_share_read(present, "timestamp"), _share_of_fractions(present)) > MOST:
        return share * UNLIKELY
    if column.type == "number":
        return share * (1 + in_range(read_as(present, "number"), column)) / 2
    return share


def read_as(values: pl.Series, kind: LogicalType) -> pl.Series:
    """The values in a type of contracts; null where they cannot be read as it."""
    if not can_mean(values.dtype, kind):
        return pl.Series([None], dtype=DTYPES[kind]).new_from_index(0, len(values))
    return values.to_frame("v").select(conform(Column("v", kind, ""), values.dtype)).to_series()


def _share_read(values: pl.Series, kind: LogicalType) -> float:
    return 1 - read_as(values, kind).null_count() / len(values)


def _share_of_fractions(values: pl.Series) -> float:
    return _share_read(values, "number") - _share_read(values, "integer")


def in_range(numbers: pl.Series, column: Column) -> float:
    """The share of numbers within the contract's limits; null and NaN are not counted."""
    counted = numbers.drop_nulls()
    least, most = column.minimum, column.maximum
    fits = (pl.lit(True) if least is None else pl.nth(0) >= least) & (
        pl.lit(True) if most is None else pl.nth(0) <= most
    )
    return counted.to_frame().filter(fits).height / len(counted) if len(counted) else 1.0


def closest_values(values: pl.Series, allowed: tuple[str, ...]) -> dict[str, str | None]:
    """Value as text → the allowed value it probably means: itself, in other case or punctuation, nearly spelt; or None."""
    texts = values.unique().to_frame("v").select(as_text(pl.col("v"), values.dtype)).to_series().drop_nulls().sort()
    folded = {"".join(_words(value)): value for value in allowed}
    return {text: text if text in allowed else _closest("".join(_words(text)), folded) for text in texts}


def share_of(values: pl.Series, texts: list[str]) -> float:
    """The share of values that are one of these texts."""
    found = values.to_frame("v").filter(as_text(pl.col("v"), values.dtype).is_in(texts))
    return found.height / max(len(values), 1)


def _closest(word: str, folded: dict[str, str]) -> str | None:
    return next((folded[near] for near in get_close_matches(word, folded, n=1, cutoff=CLOSE)), None)


def _words(name: str) -> list[str]:
    """The words of snake_case, camelCase or plain text, in lower case."""
    return re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower())


def _shared(short: list[str], long: list[str]) -> float:
    """The share of words that both have; open and opened are one."""
    both = sum(any(_begins(word, other) for other in long) for word in short)
    return 2 * both / max(len(short) + len(long), 1)


def _begins(word: str, other: str) -> bool:
    short, long = sorted((word, other), key=len)
    return short == long or (len(short) >= 3 and long.startswith(short))


def _abbreviates(short: str, long: str) -> bool:
    """Whether the letters of a short name come in the long one, in this order and with the same first."""
    letters = iter(long)
    return 2 <= len(short) <= 5 and short[0] == long[:1] and all(letter in letters for letter in short)
