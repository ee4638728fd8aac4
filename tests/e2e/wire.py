"""A line of a given speed between a browser and the site's server, which counts what comes over it."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

CHUNK_BYTES = 16_384


@dataclass
class Wire:
    """Forwards connections to `port`. All of them together get `bytes_per_sec`; `bytes` is what the browser received."""

    port: int
    bytes_per_sec: float
    bytes: int = 0
    paths: list[str] = field(default_factory=list)
    _free_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, browser: socket.socket) -> None:
        with browser, socket.create_connection(("127.0.0.1", self.port)) as server, suppress(OSError):
            request = browser.recv(65_536)
            self.paths.append(request.split(b" ", 2)[1].decode())
            server.sendall(request)
            while chunk := server.recv(CHUNK_BYTES):
                self._wait_for(len(chunk))
                browser.sendall(chunk)

    def _wait_for(self, size: int) -> None:
        with self._lock:
            self.bytes += size
            self._free_at = max(self._free_at, time.monotonic()) + size / self.bytes_per_sec
            pause = self._free_at - time.monotonic()
        time.sleep(max(pause, 0))


@contextmanager
def open_wire(port: int, bytes_per_sec: float) -> Iterator[tuple[Wire, int]]:
    """The line and its own port on 127.0.0.1."""
    wire = Wire(port, bytes_per_sec)
    with socket.create_server(("127.0.0.1", 0)) as entrance:

        def accept() -> None:
            with suppress(OSError):  # closed
                while True:
                    browser, _ = entrance.accept()
                    threading.Thread(target=wire.serve, args=(browser,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield wire, entrance.getsockname()[1]
