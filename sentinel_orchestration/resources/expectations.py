"""Great Expectations in a process of its own: it takes seconds to import and holds Python's lock, so it does that beside dbt."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import dagster as dg
from pydantic import PrivateAttr

WORKER = "sentinel_orchestration.checks.gx_worker"


class ExpectationsResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The worker process: started with a run that will need it, gone when the run ends or its process does."""

    _process: "subprocess.Popen[str] | None" = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Self]:
        """The resource with its worker running."""
        self.start()
        try:
            yield self
        finally:
            self.stop()

    def start(self) -> None:
        """Starts the process, which begins to import; does nothing where it runs already."""
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", WORKER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )

    def findings(self, suite: str, database: str | None, relation: str) -> list[dict[str, Any]]:
        """What `gx_worker.validate` says of the suite of that name. Raises RuntimeError where the worker fails."""
        self.start()
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"suite": suite, "database": database, "relation": relation}) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"Great Expectations ended without an answer (exit code {process.wait()}).")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{suite}: Great Expectations failed: {answer['error']}")
        found: list[dict[str, Any]] = answer["findings"]
        return found

    def stop(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._process.communicate()  # closes stdin, which ends it
            self._process = None
