"""A real server on this machine that answers as a test says, and remembers what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

LONGEST_HANG_SECONDS = 20


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """What is answered: JSON, text or bytes.

    `cut` closes the connection after half of the body; `hangs` sends nothing; `drips` sends a byte now and then.
    """

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    hangs: bool = False
    drips: bool = False
    has_length: bool = True

    @property
    def content(self) -> bytes:
        """The body as it is sent."""
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


class LocalServer(ThreadingHTTPServer):
    """`answer` makes a reply to a request; the replies in `troubles` come first, one for each request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer: Callable[[Asked], Reply] = lambda asked: Reply([])
        self.troubles: list[Reply] = []
        self.asked: list[Asked] = []
        self.ended = threading.Event()

    @property
    def url(self) -> str:
        """Of the endpoint."""
        return f"http://127.0.0.1:{self.server_port}/api/rows"

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: clients that are killed or lose patience are what the tests are about."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: LocalServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answers."""
        parts = urlsplit(self.path)
        asked = Asked(parts.path, dict(parse_qsl(parts.query)), dict(self.headers))
        self.server.asked.append(asked)
        reply = self.server.troubles.pop(0) if self.server.troubles else self.server.answer(asked)
        if reply.hangs:
            self.server.ended.wait(LONGEST_HANG_SECONDS)
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.has_length:
            self.send_header("Content-Length", str(len(reply.content)))
        self.end_headers()
        self.close_connection = reply.cut or not reply.has_length
        if reply.drips:
            for byte in reply.content:
                self.wfile.write(bytes([byte]))
                self.server.ended.wait(0.05)
        else:
            self.wfile.write(reply.content[: len(reply.content) // 2] if reply.cut else reply.content)

    def log_message(self, *arguments: object) -> None:
        """Nothing."""


@contextmanager
def serving() -> Iterator[LocalServer]:
    """A server while it is needed."""
    server = LocalServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        server.server_close()
