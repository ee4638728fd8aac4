"""`sentinel site` serves the report, a newer one too, until it is told to stop."""

import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.cli.commands import SENTINEL, run_sentinel, variables_of
from tests.ports import free_port


@contextmanager
def serving(home: Path):
    """The command at work, and its address."""
    port = free_port()
    environment = variables_of(home, SENTINEL_SITE_PORT=str(port), SENTINEL_SITE_BASE_PATH="/fleet")
    server = subprocess.Popen([SENTINEL, "site"], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        address = f"http://127.0.0.1:{port}/fleet/"
        assert server.stdout.readline() == f"report   {address}\n"
        yield server, address
    finally:
        server.kill()
        server.communicate()


def _publish(home: Path, text: str) -> None:
    """A report as Sentinel swaps it in: a link that is renamed."""
    (home / "data" / text).mkdir(parents=True)
    (home / "data" / text / "index.html").write_text(text)
    (home / "data" / "new").symlink_to(text)
    (home / "data" / "new").rename(home / "data" / "site")


def _read(address: str) -> str:
    deadline = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            return str(error.code)
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_report_is_shown_as_soon_as_it_is_there_and_so_is_the_next(tmp_path):
    with serving(tmp_path) as (_, address):
        seen = [_read(address)]
        for text in ("first", "second"):
            _publish(tmp_path, text)
            seen.append(_read(address))
    assert seen == ["404", "first", "second"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_when_told_to(tmp_path, number):
    with serving(tmp_path) as (server, address):
        _read(address)
        server.send_signal(number)
        assert server.wait(20) == 0


def test_a_taken_port_is_named(tmp_path):
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        done = run_sentinel(tmp_path, "site", SENTINEL_SITE_PORT=str(port))
    assert (done.returncode, done.stdout) == (2, "")
    said = f"sentinel: Port {port} on 127.0.0.1: Address already in use. Set SENTINEL_SITE_PORT to another port.\n"
    assert done.stderr == said
