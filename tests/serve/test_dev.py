"""`sentinel dev` serves the report and the Dagster UI, says where, and leaves nothing running."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

from tests.ports import free_port

START_SEC = 240  # Dagster loads the graph three times, which takes a while on a busy machine


def _folders_of(home: Path) -> list[Path]:
    """The /proc folder of every process whose environment says that it was started for `home`."""
    mark, found = f"SENTINEL_HOME={home}".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append(process)
    return found


def _processes_of(home: Path) -> list[str]:
    """Command lines of those processes."""
    found = []
    for process in _folders_of(home):
        with suppress(OSError):
            found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode()[:200])
    return found


def _listening(home: Path) -> set[tuple[str, int]]:
    """(address as the kernel writes it, port) of every TCP socket that those processes listen on."""
    sockets = set()
    for process in _folders_of(home):
        for descriptor in (process / "fd").glob("*"):
            with suppress(OSError):
                sockets.add(str(descriptor.readlink()))
    lines = [line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()]
    waiting = [fields for fields in lines if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets]
    return {(fields[1].split(":")[0], int(fields[1].split(":")[1], 16)) for fields in waiting}


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def test_both_servers_start_and_stop_together(tmp_path):
    site = tmp_path / "data" / "site"
    site.mkdir(parents=True)
    (site / "index.html").write_text("the report")
    dagster_port, site_port = free_port(), free_port()
    environment = os.environ | {
        "SENTINEL_HOME": str(tmp_path),
        "SENTINEL_DAGSTER_PORT": str(dagster_port),
        "SENTINEL_SITE_PORT": str(site_port),
    }
    log = (tmp_path / "log").open("w")
    server = subprocess.Popen(
        [Path(sys.executable).with_name("sentinel"), "dev"], stdout=log, stderr=log, env=environment
    )
    try:
        deadline = time.monotonic() + START_SEC
        while not _answers(f"http://127.0.0.1:{dagster_port}/server_info"):
            assert server.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.5)
        assert _answers(f"http://127.0.0.1:{site_port}/")
        assert len(_processes_of(tmp_path)) > 2
        listening = _listening(tmp_path)
        assert {port for _, port in listening} >= {dagster_port, site_port}
        assert {address for address, _ in listening} <= {"0100007F", f"{1 << 24:032X}"}, "only 127.0.0.1 and ::1"
        server.send_signal(signal.SIGINT)
        assert server.wait(60) == 0
        deadline = time.monotonic() + 60
        while _processes_of(tmp_path):
            assert time.monotonic() < deadline, _processes_of(tmp_path)
            time.sleep(0.5)
    finally:
        server.kill()
    said = (tmp_path / "log").read_text()
    assert f"http://127.0.0.1:{dagster_port}/" in said
    assert f"http://127.0.0.1:{site_port}/" in said
    assert "stopped" in said
    assert not _answers(f"http://127.0.0.1:{site_port}/")
