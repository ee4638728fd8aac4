"""The services of docker-compose.yml as processes, each in a group of its own, which can be killed like a container."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sentinel_orchestration.settings import PROJECT_DIR, Settings
from tests.deploy.compose import Service, moved, services
from tests.ports import free_port
from tests.postgres import Postgres
from tests.slim_project import VARIABLE

CONTAINERS = {"0.0.0.0", "code", "postgres"}  # where a service listens, and by what name others find it


@dataclass
class Deployment:
    """What is running of it. `places` says what is another word here than in a container."""

    settings: Settings
    services: Mapping[str, Service]
    places: Mapping[str, str]
    folder: Path
    variables: Mapping[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Starts a service, as `docker compose start` would."""
        self.running[name] = self._popen(name, self.services[name].command, self.folder / f"{name}.log")

    def run(self, name: str) -> None:
        """Runs a service that ends, and fails if it fails."""
        log = self.folder / f"{name}.log"
        assert self._popen(name, self.services[name].command, log).wait(120) == 0, log.read_text()

    def kill(self, name: str) -> None:
        """Ends a service and all its processes at once, as for a container that is out of memory or whose machine is gone."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def is_healthy(self, name: str) -> bool:
        """What the health check of the compose file says."""
        return self._popen(name, self.services[name].health, self.folder / f"{name}.health").wait(60) == 0

    def wait_until_healthy(self, *names: str, seconds: float = 120) -> None:
        """Until every one of them is."""
        deadline = time.monotonic() + seconds
        for name in names:
            while not self.is_healthy(name):
                said = self.folder / f"{name}.log"
                assert self.running[name].poll() is None, said.read_text()[-3000:]
                assert time.monotonic() < deadline, said.read_text()[-3000:]
                time.sleep(0.5)

    def environment(self, name: str) -> dict[str, str]:
        """The variables of a service: those of this machine, of the image, and of the compose file."""
        ours = {name: moved(value, self.places) for name, value in self.services[name].environment.items()}
        return {**self.variables, **ours}

    def _popen(self, name: str, command: list[str], log: Path) -> "subprocess.Popen[bytes]":
        with log.open("a") as output:
            return subprocess.Popen(
                [moved(word, self.places) for word in command],
                cwd=self.folder,
                env=self.environment(name),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )


@contextmanager
def deployment(settings: Settings, postgres: Postgres, project: Path, folder: Path) -> Iterator[Deployment]:
    """One of which nothing runs yet, in a `folder` that is what /app is in a container. In the end, what runs is killed."""
    ports = {"5432": str(postgres.port), **{port: str(free_port()) for port in ("3000", "3001", "4000")}}
    places = (
        dict.fromkeys(CONTAINERS, "127.0.0.1") | ports | {"sentinel_orchestration.definitions": "tests.deploy.served"}
    )
    shutil.copytree(PROJECT_DIR / "deploy", folder / "deploy")
    workspace = folder / "deploy" / "workspace.yaml"
    workspace.write_text(moved(workspace.read_text(), places))
    settings.layout.dagster.mkdir(parents=True)
    shutil.copy(PROJECT_DIR / "deploy" / "dagster.yaml", settings.layout.dagster)
    (settings.layout.dagster / "dagster.yaml").chmod(0o444)
    values = settings.model_dump(mode="json", exclude_none=True, exclude={"home", "host", "dagster_port", "site_port"})
    given = {f"SENTINEL_{name.upper()}": str(value) for name, value in values.items()}
    programs = os.pathsep.join([str(Path(sys.executable).parent), postgres.environment["PATH"]])
    kept = {k: v for k, v in postgres.environment.items() if not k.startswith(("SENTINEL_", "DAGSTER_", "PGPASS"))}
    image = {"SENTINEL_HOME": str(settings.home), "DAGSTER_HOME": str(settings.layout.dagster), "PATH": programs}
    test = {VARIABLE: str(project), "PYTHONPATH": str(PROJECT_DIR), "PYTHONWARNINGS": "ignore"}
    made = Deployment(
        settings, services(given | {"POSTGRES_PASSWORD": postgres.password}), places, folder, kept | image | test
    )
    try:
        yield made
    finally:
        for name in list(made.running):
            made.kill(name)
