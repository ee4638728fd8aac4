"""Finds the quotes in a CSV file that no two programs read alike: taken as they are, they alter a value or eat rows."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BLOCK_BYTES = 2**20
MAX_FIELD_BYTES = 2**26
SHOWN_CHARACTERS = 60
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
QUOTE, LF, CR, BACKSLASH = b'"\n\r\\'

Bytes = NDArray[np.uint8]
Positions = NDArray[np.intp]


def misplaced_quote(path: Path, separator: str, block_bytes: int = BLOCK_BYTES) -> str | None:
    r"""What is wrong with the first quote that breaks the rule, and in which line; None where all keep it.

    The rule is that of RFC 4180: a value is quoted as a whole or not at all, and a quote inside is doubled, not written as
    `\"`. A value that is not quoted may have pairs of quotes inside (`Bob "Rock" Smith`) as long as no separator or line end
    is between them. Quoted text may take 64 MB.
    """
    data, line, is_last = b"\n", 1, False  # the first byte is the one before those looked at
    with path.open("rb") as file:
        if file.read(len(BYTE_ORDER_MARK)) != BYTE_ORDER_MARK:
            file.seek(0)
        while not is_last:
            read = file.read(block_bytes)
            is_last = len(read) < block_bytes
            data += read + (b"\n" if is_last else b"")
            wrong, done = _look(data, separator, is_last)
            if wrong is not None:
                return f"line {line + data.count(LF, 1, wrong)} {_explained(data, wrong, separator)}"
            line += data.count(LF, 1, done + 1)
            data = data[done:]
    return None


def _look(data: bytes, separator: str, is_last: bool) -> tuple[int | None, int]:
    """(the position of the first quote that breaks the rule, the position up to which everything is looked at).

    The quote that is open at the end is looked at again with what follows.
    """
    if data.find(QUOTE, 1) < 0:
        return None, len(data) - 1
    values = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(values[1:] == QUOTE) + 1
    known = len(quotes) - (not is_last and quotes[-1] == len(data) - 1)  # of the last byte, what follows is not known
    pairs = quotes[: known // 2 * 2]
    wrong = _first_wrong(values, pairs, ord(separator))
    if wrong is not None or len(pairs) == len(quotes):
        return wrong, len(data) - 1
    still_open = int(quotes[len(pairs)])
    is_too_long = is_last or len(data) - still_open > MAX_FIELD_BYTES
    return still_open if is_too_long else None, still_open - 1


def _first_wrong(data: Bytes, pairs: Positions, separator: int) -> int | None:
    """The position of the first quote that breaks the rule, of quotes that open and close in turn."""
    opens, closes = pairs[::2], pairs[1::2]
    before, after = data[opens - 1], data[closes + 1]
    is_quoted = (before == separator) | (before == LF) | (before == QUOTE)  # or goes on after a doubled quote
    is_closed = (after == separator) | (after == LF) | (after == CR) | (after == QUOTE)
    wrong = np.where(is_quoted, ~is_closed, after == QUOTE)
    if not is_quoted.all():
        edges = np.flatnonzero((data == separator) | (data == LF))
        wrong |= ~is_quoted & (np.searchsorted(edges, opens) != np.searchsorted(edges, closes))
    if not wrong.any():
        return None
    first = int(wrong.argmax())
    return int(closes[first] if is_quoted[first] else opens[first])


def _explained(data: bytes, wrong: int, separator: str) -> str:
    between = separator.encode()
    line_start, line_end = data.rfind(b"\n", 0, wrong) + 1, data.find(b"\n", wrong)
    start = max(line_start, data.rfind(between, line_start, wrong) + 1)
    end = data.find(between, wrong, line_end)
    shown = data[start : end if end > 0 else line_end].decode("utf-8", errors="replace").strip("\r")[:SHOWN_CHARACTERS]
    if data[wrong - 1] == BACKSLASH:
        return f"has a quote with a backslash before it ({shown!r}): double the quote instead"
    if data.count(QUOTE, wrong) == 1 and data[wrong - 1] in (LF, ord(between), QUOTE):
        return "has a quote that is never closed"
    return f"has a misplaced quote ({shown!r}): double it, and quote the field"
