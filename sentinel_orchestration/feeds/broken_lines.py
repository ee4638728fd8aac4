"""Finds the first bad line of a text file that a reader has refused, so that the message can name it.

Only refused files get here, so the Python loop over lines costs accepted files nothing.
"""

import csv
import json
import math
from pathlib import Path


def broken_line(path: Path, kind: str, separator: str) -> str | None:
    """The first bad line of a CSV or JSON-lines file and what is wrong with it, or None if no bad line is found."""
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
    """The first line with too many fields; its quotes are known to be in their places."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, delimiter=separator)
        width, start = len(next(rows, [])), rows.line_num + 1
        try:
            for row in rows:
                if len(row) > width:
                    return f"line {start} has more fields ({len(row)}) than the header ({width})"
                start = rows.line_num + 1
        except csv.Error as error:
            return f"line {start} cannot be read ({error})"
    return None
