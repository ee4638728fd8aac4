"""A static file server for the built report, using the standard library.

It is meant for your own machine. On the internet, serve the folder with a real web server.
"""

import functools
import os
import threading
from contextlib import suppress
from email.message import Message
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import SupportsRead, SupportsWrite


COMPRESSED = ".gz"  # evidence_reports/scripts/compress.mjs


def _takes_gzip(headers: Message) -> bool:
    accepted = (coding.strip().partition(";") for coding in headers.get("Accept-Encoding", "").lower().split(","))
    return any(name == "gzip" and parameters.strip() not in ("q=0", "q=0.0") for name, _, parameters in accepted)


class _SiteHandler(SimpleHTTPRequestHandler):
    """Serves only below the base path, logs nothing, and makes browsers check whether a file has changed."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".wasm": "application/wasm",
        ".js": "text/javascript",
        ".arrow": "application/vnd.apache.arrow.file",
        ".parquet": "application/vnd.apache.parquet",
    }

    def __init__(self, *args: object, base_path: str, **kwargs: object) -> None:
        self._base_path = base_path
        self._is_compressed = False
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def send_head(self):  # type: ignore[no-untyped-def]
        """Like the base class, without the base path. Outside it, only `/` exists and redirects into it."""
        if self._base_path and not f"{self.path}/".startswith(f"{self._base_path}/"):
            if self.path == "/":
                self.send_response(HTTPStatus.FOUND)
                self.send_header("Location", f"{self._base_path}/")
                self.end_headers()
            else:
                self.send_error(HTTPStatus.NOT_FOUND, f"The report is at {self._base_path}/")
            return None
        self.path = self.path.removeprefix(self._base_path) or "/"
        return super().send_head()

    def translate_path(self, path: str) -> str:
        """The file that is sent: the compressed copy beside the one asked for, if there is one and the browser takes it."""
        found = super().translate_path(path)
        if found.endswith("/"):
            index = Path(found, "index.html")
            if not index.is_file():
                return found
            found = str(index)
        self._is_compressed = _takes_gzip(self.headers) and Path(found + COMPRESSED).is_file()
        return found + COMPRESSED if self._is_compressed else found

    def guess_type(self, path: "str | os.PathLike[str]") -> str:
        """The type of the file asked for."""
        return super().guess_type(os.fspath(path).removesuffix(COMPRESSED) if self._is_compressed else path)

    def end_headers(self) -> None:
        # Below `immutable`, a file's name says what it holds.
        is_fixed = "/_app/immutable/" in self.path
        self.send_header("Cache-Control", "max-age=31536000, immutable" if is_fixed else "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Vary", "Accept-Encoding")
        if self._is_compressed:
            self.send_header("Content-Encoding", "gzip")
        super().end_headers()

    def copyfile(self, source: "SupportsRead[bytes]", outputfile: "SupportsWrite[bytes]") -> None:  # type: ignore[override]
        """Like the base class, but ignores that a browser drops its requests when it leaves a page."""
        with suppress(BrokenPipeError, ConnectionResetError):
            super().copyfile(source, outputfile)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it)
        """Logs nothing: one line per request would bury what matters."""


def start_site_server(folder: Path, host: str, port: int, base_path: str = "") -> ThreadingHTTPServer:
    """Serves `folder` on a thread until `shutdown()`. Port 0 picks a free port. Raises OSError if the port is taken."""
    handler = functools.partial(_SiteHandler, directory=str(folder), base_path=base_path)
    server = ThreadingHTTPServer((host, port), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="site", daemon=True).start()
    return server
