"""`sentinel dev` when it cannot serve: it says why in one line, exits with 2 and leaves nothing running."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from sentinel_orchestration.serve import dev
from sentinel_orchestration.serve.ports import PortError
from tests.ports import free_port


@pytest.fixture
def taken():
    """A port that another server listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        yield other.getsockname()[1]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home with a built report, and free ports for both servers."""
    site = tmp_path / "data" / "site"
    site.mkdir(parents=True)
    (site / "index.html").write_text("the report")
    monkeypatch.setenv("SENTINEL_HOME", str(tmp_path))
    monkeypatch.setenv("SENTINEL_DAGSTER_PORT", str(free_port()))
    monkeypatch.setenv("SENTINEL_SITE_PORT", str(free_port()))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    return tmp_path


@pytest.fixture
def starts(monkeypatch):
    """(the Python program that serve_dev starts instead of Dagster, as a list of one; what was started)."""
    program, started = ["raise SystemExit(0)"], []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def command(settings):
        started.append("dagster")
        return [sys.executable, "-c", program[0]]

    def site(*arguments):
        started.append("site")
        return start_site_server(*arguments)

    start_site_server = dev.start_site_server
    monkeypatch.setattr(dev, "_command", command)
    monkeypatch.setattr(dev, "start_site_server", site)
    yield program, started
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("setting", ["SENTINEL_DAGSTER_PORT", "SENTINEL_SITE_PORT"])
def test_a_taken_port_is_named_before_anything_starts(home, starts, taken, setting, monkeypatch, capsys):
    monkeypatch.setenv(setting, str(taken))
    with pytest.raises(PortError, match=f"^Port {taken} on 127.0.0.1: Address already in use. Set {setting} to"):
        dev.serve_dev()
    assert starts[1] == []
    assert capsys.readouterr().out == ""


def test_both_servers_cannot_share_a_port(home, starts, monkeypatch):
    monkeypatch.setenv("SENTINEL_SITE_PORT", os.environ["SENTINEL_DAGSTER_PORT"])
    with pytest.raises(PortError, match="Set SENTINEL_SITE_PORT to another port"):
        dev.serve_dev()
    assert starts[1] == []


def test_without_a_report_its_port_does_not_matter(home, starts, taken, monkeypatch):
    shutil.rmtree(home / "data" / "site")
    monkeypatch.setenv("SENTINEL_SITE_PORT", str(taken))
    with pytest.raises(dev.DagsterStoppedError):
        dev.serve_dev()
    assert starts[1] == ["dagster"]


@pytest.mark.parametrize("host", ["203.0.113.9", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_named(home, starts, host, monkeypatch):
    monkeypatch.setenv("SENTINEL_HOST", host)
    with pytest.raises(PortError, match=f"^Cannot listen on {host}. Set SENTINEL_HOST"):
        dev.serve_dev()
    assert starts[1] == []


@pytest.mark.parametrize("code", [0, 3])
def test_a_dagster_that_stops_by_itself_is_an_error(home, starts, code):
    starts[0][0] = f"raise SystemExit({code})"
    with pytest.raises(dev.DagsterStoppedError, match=f"stopped by itself with exit code {code}"):
        dev.serve_dev()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{os.environ['SENTINEL_SITE_PORT']}/", timeout=5)


def test_dagster_gets_the_home_of_the_instance(home, starts):
    starts[0][0] = "import os, pathlib; pathlib.Path('seen').write_text(os.environ['DAGSTER_HOME'])"
    with pytest.raises(dev.DagsterStoppedError):
        dev.serve_dev()
    dagster = home / "data" / "dagster"
    assert (dagster / "seen").read_text() == str(dagster)


def test_what_a_dead_dagster_started_is_stopped_too(home, starts):
    child = "import pathlib, os, time; pathlib.Path('child').write_text(str(os.getpid())); time.sleep(600)"
    starts[0][0] = f"""
import pathlib, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {child!r}])
while not pathlib.Path("child").exists() or not pathlib.Path("child").read_text():
    time.sleep(0.05)
"""
    with pytest.raises(dev.DagsterStoppedError):
        dev.serve_dev()
    process = Path("/proc") / (home / "data" / "dagster" / "child").read_text()
    deadline = time.monotonic() + 20
    while process.exists() and "\nState:\tZ" not in (process / "status").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_command_says_it_in_one_line_and_exits_with_2(home, taken, monkeypatch):
    monkeypatch.setenv("SENTINEL_DAGSTER_PORT", str(taken))
    sentinel = Path(sys.executable).with_name("sentinel")
    said = subprocess.run([sentinel, "dev"], capture_output=True, text=True, check=False, timeout=120)
    assert said.returncode == 2
    assert said.stdout == ""
    assert said.stderr.splitlines() == [
        f"sentinel: Port {taken} on 127.0.0.1: Address already in use. Set SENTINEL_DAGSTER_PORT to another port."
    ]
