"""A static file server for the built report, using the standard library.

It is meant for your own machine. On the internet, serve the folder with a real web server.
"""

import functools
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import SupportsRead, SupportsWrite


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

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
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
