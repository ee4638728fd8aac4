"""Joins the pages of a pull in one file of rows, hashed while it is written: JSON lines, or CSV with one header."""

import hashlib
import json
from pathlib import Path
from typing import Any

from sentinel_orchestration.feeds.http.endpoint import Endpoint
from sentinel_orchestration.feeds.http.paging import Page, at
from sentinel_orchestration.feeds.openable import BatchRefusedError
from sentinel_orchestration.feeds.readers import read_chunks
from sentinel_orchestration.feeds.source import SourceError

COMPACT = (",", ":")
COPIED_BYTES = 2**20
COUNTED_ROWS = 100_000
SHOWN_NAMES = 10
BOM = b"\xef\xbb\xbf"


class Spool:
    """The file, its sha256 so far, its size in bytes, and whether it has rows."""

    def __init__(self, path: Path, endpoint: Endpoint) -> None:
        self.path = path
        self.size = 0
        self.has_rows = False
        self._endpoint = endpoint
        self._digest = hashlib.sha256()
        self._header: bytes | None = None
        path.touch()

    @property
    def sha256(self) -> str:
        """Of everything added so far, as hexadecimal digits."""
        return self._digest.hexdigest()

    def add(self, url: str, page: Path, links: dict[str, str]) -> Page:
        """Adds the rows of a page. Raises SourceError for what is no page of this endpoint."""
        if self._endpoint.format == "json":
            body = _read_json(page)
            rows = self._rows(body)
            digest = self._write(
                "".join(f"{json.dumps(row, allow_nan=False, separators=COMPACT)}\n" for row in rows).encode()
            )
            return Page(url, len(rows), digest, body, links)
        return Page(url, self._count(page), self._copy(page), None, links)

    def _rows(self, body: Any) -> list[Any]:
        path = self._endpoint.rows
        parent, _, name = path.rpartition(".")
        found = at(body, path)
        if isinstance(found, list):
            return found
        holder = at(body, parent)
        if body is None or (found is None and path and isinstance(holder, dict) and name in holder):
            return []  # how some write an empty list
        names = ", ".join(list(body)[:SHOWN_NAMES]) if isinstance(body, dict) else type(body).__name__
        place = f"at {path}" if path else "by itself; name the path to it in `rows`"
        raise SourceError(f"it has no list of rows {place}. It has: {names}.")

    def _count(self, page: Path) -> int:
        """The rows of a page of lines, where the next page depends on them."""
        if not self._endpoint.paging or not page.stat().st_size:
            return 0
        try:
            return sum(chunk.height for chunk in read_chunks(page, COUNTED_ROWS))
        except BatchRefusedError as error:
            raise SourceError(str(error)) from None

    def _copy(self, page: Path) -> str:
        """Copies lines, the header only once; gives the sha256 of what was copied."""
        copied, last = hashlib.sha256(), b"\n"
        with page.open("rb") as file:
            if self._endpoint.format == "csv":
                self._check_header(file.readline())
            while chunk := file.read(COPIED_BYTES):
                self.has_rows = self.has_rows or bool(chunk.strip())
                copied.update(chunk)
                self._write(chunk)
                last = chunk[-1:]
        if last != b"\n":
            self._write(b"\n")
        return copied.hexdigest()

    def _check_header(self, line: bytes) -> None:
        header = line.removeprefix(BOM).rstrip(b"\r\n")
        if not header:
            return
        if self._header is None:
            self._header = header
            self._append(line if line.endswith(b"\n") else line + b"\n")
        elif header != self._header:
            raise SourceError("it has another header line than the page before. Run the same again.")

    def _write(self, rows: bytes) -> str:
        self.has_rows = self.has_rows or bool(rows)
        self._append(rows)
        return hashlib.sha256(rows).hexdigest()

    def _append(self, content: bytes) -> None:
        self.size += len(content)
        self._digest.update(content)
        with self.path.open("ab") as file:
            file.write(content)


def _read_json(page: Path) -> Any:
    """The body of a page; None for a page without content."""
    try:
        text = page.read_text(encoding="utf-8-sig")
        return json.loads(text, parse_constant=_refuse) if text.strip() else None
    except (ValueError, RecursionError) as error:
        raise SourceError(f"it sends what is not JSON ({error}). Check `url` and `format`.") from None


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON number")
