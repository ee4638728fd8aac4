"""Whether the ports that somebody set are free, asked before anything is started on them."""

import errno
import os
import socket
from collections.abc import Mapping
from contextlib import ExitStack


class PortError(RuntimeError):
    """A port cannot be used. The message says why and names the setting."""


def require_free(host: str, ports: Mapping[str, int]) -> None:
    """Raises PortError unless a server can listen on all of `ports` (setting → port) at the same time."""
    with ExitStack() as held:
        for setting, port in ports.items():
            try:
                for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                    held.enter_context(socket.create_server(address[:2], family=family))
            except OSError as error:
                raise PortError(_message(error, host, setting, port)) from error


def _message(error: OSError, host: str, setting: str, port: int) -> str:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"Cannot listen on {host}. Set SENTINEL_HOST to an address of this machine."
    reason = os.strerror(error.errno) if error.errno else str(error)
    return f"Port {port} on {host}: {reason}. Set {setting} to another port."
