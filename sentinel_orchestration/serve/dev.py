"""The development servers: Dagster's webserver and daemon in a child process, and the report beside them."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from rich.console import Console

from sentinel_orchestration.serve.ports import require_free
from sentinel_orchestration.serve.site import start_site_server
from sentinel_orchestration.settings import PROJECT_DIR, Settings, load_settings

STOP_SEC = 20


class DagsterStoppedError(RuntimeError):
    """Dagster stopped although nobody asked it to."""


def serve_dev() -> int:
    """Serves until SIGINT or SIGTERM and returns the exit code.

    Raises PortError before anything is started, and DagsterStoppedError if Dagster stops by itself.
    """
    console, settings = Console(), load_settings()
    has_site = settings.layout.site.exists()
    ports = {"SENTINEL_DAGSTER_PORT": settings.dagster_port}
    require_free(settings.host, ports | ({"SENTINEL_SITE_PORT": settings.site_port} if has_site else {}))
    with ExitStack() as running:
        running.callback(console.print, "\nstopped")
        if has_site:
            site = start_site_server(settings.layout.site, settings.host, settings.site_port, settings.site_base_path)
            running.callback(site.shutdown)
            console.print(f"report   [bold]http://{settings.host}:{settings.site_port}{settings.site_base_path}/[/]")
        else:
            console.print("report   not built yet: run [bold]sentinel build[/]")
        console.print(f"dagster  [bold]http://{settings.host}:{settings.dagster_port}/[/]")
        console.print("Ctrl-C stops both.")
        environment = _environment(settings)
        _default_signals()  # after the last import: Polars brings a handler of its own, which would not end the wait below
        try:
            process = subprocess.Popen(
                _command(settings), cwd=settings.layout.dagster, env=environment, start_new_session=True
            )
            running.callback(_stop, process)
            code = process.wait()
        except KeyboardInterrupt:
            return 0
        # `dagster dev` exits with 0 even if its webserver or its daemon failed.
        raise DagsterStoppedError(f"Dagster stopped by itself with exit code {code}. Its messages above say why.")


def _command(settings: Settings) -> list[str]:
    dagster = Path(sys.executable).with_name("dagster")
    address = ["-h", settings.host, "-p", str(settings.dagster_port)]
    quiet = ["--log-level", "warning"]  # what its sensors do every ten seconds is in the UI
    return [str(dagster), "dev", "-w", str(PROJECT_DIR / "workspace.yaml"), *address, *quiet]


def _environment(settings: Settings) -> Mapping[str, str]:
    """The variables for Dagster's process, whose instance is made first."""
    from sentinel_orchestration.automation.instance import open_instance

    with open_instance(settings):
        # Sensors and schedules are on, unless a variable says otherwise. Python's warnings are for Dagster's developers.
        ours = {"DAGSTER_HOME": str(settings.layout.dagster), "PYTHONWARNINGS": "ignore"}
        return {"SENTINEL_AUTOMATION": "true"} | os.environ | ours


def _default_signals() -> None:
    """Makes SIGINT and SIGTERM stop the servers, even in a shell's background job, which starts with SIGINT ignored."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, interrupt)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Asks Dagster and everything it started to stop, and kills them if Dagster has not stopped after STOP_SEC."""
    with suppress(ProcessLookupError):  # a Dagster that stopped by itself may leave others in its group, or nothing
        os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(STOP_SEC)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
