"""The development servers: Dagster's webserver and daemon in a child process, the report beside them.

Belongs here: starting both, saying where they are, stopping both. Does not belong here: the servers themselves.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from sentinel_orchestration.serve.site import start_site_server
from sentinel_orchestration.settings import PROJECT_DIR, Settings, load_settings

STOP_SEC = 20


class PortTakenError(RuntimeError):
    """Something else listens on the port."""


def serve_dev() -> int:
    """Serves until SIGINT or SIGTERM, or until Dagster ends by itself; gives the exit code."""
    console, settings = Console(), load_settings()
    site = None
    if settings.site_dir.exists():
        try:
            site = start_site_server(settings.site_dir, settings.host, settings.site_port, settings.site_base_path)
        except OSError as error:
            raise PortTakenError(f"Port {settings.site_port}: {error.strerror}. Set SENTINEL_SITE_PORT.") from error
        console.print(f"report   [bold]http://{settings.host}:{settings.site_port}{settings.site_base_path}/[/]")
    else:
        console.print("report   not built yet: run [bold]sentinel build[/]")
    console.print(f"dagster  [bold]http://{settings.host}:{settings.dagster_port}/[/]")
    console.print("Ctrl-C stops both.")
    _default_signals()
    process = subprocess.Popen(
        _command(settings), cwd=settings.dagster_home, env=_environment(settings), start_new_session=True
    )
    try:
        return process.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        _stop(process)
        if site:
            site.shutdown()
        console.print("\nstopped")


def _command(settings: Settings) -> list[str]:
    python = Path(sys.executable)
    workspace = str(PROJECT_DIR / "workspace.yaml")
    return [
        str(python.with_name("dagster")),
        "dev",
        "-w",
        workspace,
        "-h",
        settings.host,
        "-p",
        str(settings.dagster_port),
    ]


def _environment(settings: Settings) -> Mapping[str, str]:
    from sentinel_orchestration.automation.instance import open_instance

    with open_instance(settings):
        return {**os.environ, "PYTHONWARNINGS": "ignore"}  # Dagster's advice to its own users, not to ours


def _default_signals() -> None:
    """A shell's background job inherits an ignored SIGINT, and so would Dagster; SIGTERM stops us the same way."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, interrupt)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Asks Dagster to end, with all it started; ends it by force where it does not listen."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(STOP_SEC)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
