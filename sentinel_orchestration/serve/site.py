"""A static file server for the built report, on the standard library.

Belongs here: paths and headers. Does not belong here: what is served (publish). For the internet, put the folder behind
a web server of your own.
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
    """Serves below the base path only, quietly, and lets a browser ask whether a file changed."""

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
        """As the base class, with the base path taken off; outside it there is nothing but the way in."""
        if self._base_path and not f"{self.path}/".startswith(f"{self._base_path}/"):
            if self.path == "/":
                self.send_response(HTTPStatus.FOUND)
                self.send_header("Location", f"{self._base_path}/")
                self.end_headers()
            else:
                self.send_error(HTTPStatus.NOT_FOUND, f"The report lies under {self._base_path}/")
            return None
        self.path = self.path.removeprefix(self._base_path) or "/"
        return super().send_head()

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def copyfile(self, source: "SupportsRead[bytes]", outputfile: "SupportsWrite[bytes]") -> None:  # type: ignore[override]
        """As the base class; a browser that leaves a page drops what it was fetching."""
        with suppress(BrokenPipeError, ConnectionResetError):
            super().copyfile(source, outputfile)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it)
        """A line a request would bury what matters."""


def start_site_server(folder: Path, host: str, port: int, base_path: str = "") -> ThreadingHTTPServer:
    """Serves `folder` on a thread until `shutdown()`; port 0 takes a free one. Raises OSError where the port is taken."""
    handler = functools.partial(_SiteHandler, directory=str(folder), base_path=base_path)
    server = ThreadingHTTPServer((host, port), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="site", daemon=True).start()
    return server
