"""Finds the line at which a text file breaks, so that a refusal can name it.

Belongs here: looking for the first bad line once a reader has given up. Does not belong here: reading rows (readers). Only
refused files come here, so a Python loop over lines costs no accepted file anything.
"""

import csv
import json
import math
from pathlib import Path

SHOWN_CHARACTERS = 60


def broken_line(path: Path, kind: str, separator: str) -> str | None:
    """What is wrong with the first bad line of a CSV or JSON-lines file, with its number; None where none is found."""
    number = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                text = line.decode("utf-8")
                if kind == "jsonl" and (problem := _json_problem(text)):
                    return f"line {number} {problem}"
    except UnicodeDecodeError as error:
        return f"line {number} is not UTF-8 ({error.reason})"
    return _csv_problem(path, separator) if kind == "csv" else None


def _json_problem(line: str) -> str | None:
    if not line.strip():
        return None
    try:
        value = json.loads(line, parse_constant=_refuse_number, parse_float=_finite)
    except json.JSONDecodeError as error:
        return f"is not JSON ({error.msg} at character {error.pos + 1})"
    except (ValueError, RecursionError) as error:
        return f"is not JSON ({error})"
    return None if isinstance(value, dict) else "is not an object"


def _refuse_number(text: str) -> float:
    raise ValueError(f"{text} is not a number in JSON")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse_number(text)


def _csv_problem(path: Path, separator: str) -> str | None:
    """The first line with too many fields or a quote never closed; else one with a quote that may be out of place."""
    suspect: str | None = None
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, delimiter=separator, strict=True)
        width = len(next(rows, []))
        while True:
            start = rows.line_num + 1
            try:
                row = next(rows, None)
            except csv.Error as error:
                return f"line {start} has a quote out of place or never closed ({error})"
            if row is None:
                return suspect
            if len(row) > width:
                return f"line {start} has more fields ({len(row)}) than the header ({width})"
            odd = next((value for value in row if value.count('"') % 2), None)
            if odd and not suspect:  # Python reads over a quote inside an unquoted field, Polars does not
                suspect = f"line {start} has a quote out of place ({odd[:SHOWN_CHARACTERS]!r}): double it, and quote the field"
