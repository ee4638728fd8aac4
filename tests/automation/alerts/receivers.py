"""Servers that messages are really posted to, which refuse, hang and come back when they are told to."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

from tests.ports import free_port

TOKEN = "tok-9f8e7d6c5b4a"  # of the URLs: nothing that is said or kept may have it


@dataclass
class Receiver:
    """What arrived: (title, body) each. `mood`: take, refuse, or hang, until `let_go`, and then drop it."""

    url: str
    mood: str = "take"
    got: list[tuple[str, str]] = field(default_factory=list)
    let_go: threading.Event = field(default_factory=threading.Event)

    @property
    def titles(self) -> list[str]:
        return [title for title, _ in self.got]


@contextmanager
def http_receiver() -> Iterator[Receiver]:
    """For `json://`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if receiver.mood == "hang":
                receiver.let_go.wait(60)
                return
            if receiver.mood != "refuse":
                receiver.got.append((sent["title"], sent["message"]))
            self.send_response(500 if receiver.mood == "refuse" else 200)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"json://user:{TOKEN}@127.0.0.1:{server.server_port}/alerts")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield receiver
    finally:
        receiver.let_go.set()
        server.shutdown()
        server.server_close()


@contextmanager
def smtp_receiver() -> Iterator[Receiver]:
    """For `mailto://`."""

    class Handler:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            mood = receiver.mood
            if mood == "refuse":
                return "451 try again later"
            while mood == "hang" and not receiver.let_go.is_set():
                await asyncio.sleep(0.1)
            if mood == "hang":
                return "421 gone"
            mail = message_from_bytes(envelope.content, policy=policy.default)
            body = mail.get_body(("plain", "html"))
            assert body is not None
            receiver.got.append((mail["subject"], body.get_content().replace("\r\n", "\n").strip()))
            return "250 taken"

    port = free_port()
    receiver = Receiver(
        f"mailto://127.0.0.1:{port}?from=sentinel@example.org&to=oncall@example.org&mode=insecure&format=text"
    )
    controller = Controller(Handler(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield receiver
    finally:
        receiver.let_go.set()
        controller.stop()
