"""What a process of Sentinel's imports before the tests fork others from it, which then need no seconds to start.

Great Expectations is among it: its worker is forked, too, not started.
"""

import os
import sys

from sentinel_orchestration.checks import gx_worker
from sentinel_orchestration.resources.expectations import ExpectationsResource

NEEDED = (
    "dagster._core.execution.api",
    "dbt.adapters.duckdb",
    "dbt.adapters.duckdb.environments.local",
    "dbt.cli.main",
    "dbt.task.build",
    "duckdb",
    "great_expectations",
    "polars",
    "sqlglot.lineage",
    "sentinel_orchestration.automation.build",
    "sentinel_orchestration.automation.instance",
    "sentinel_orchestration.cli.build",
    "sentinel_orchestration.cli.rollback",
    "sentinel_orchestration.publish.assets",
    "sentinel_orchestration.warehouse.definitions",
)  # not the definitions: they read the settings when imported


class ForkedWorker:
    """What subprocess.Popen is to ExpectationsResource. Made while the process has one thread."""

    def __init__(self) -> None:
        asked, ask = os.pipe()
        answered, answer = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.close(ask)
            os.close(answered)
            sys.stdin, sys.stdout = os.fdopen(asked), os.fdopen(answer, "w")
            gx_worker._serve()
        os.close(asked)
        os.close(answer)
        self.stdin, self.stdout = os.fdopen(ask, "w"), os.fdopen(answered)
        self._status: int | None = None

    def poll(self) -> int | None:
        return self._wait(os.WNOHANG)

    def wait(self) -> int | None:
        return self._wait(0)

    def communicate(self) -> None:
        self.stdin.close()
        self.wait()

    def _wait(self, options: int) -> int | None:
        if self._status is None:
            found, status = os.waitpid(self.pid, options)
            self._status = os.waitstatus_to_exitcode(status) if found else None
        return self._status


def fork_worker() -> None:
    """Makes a worker for the first run of this process that asks for one; any after it starts its own."""
    ready, start = [ForkedWorker()], ExpectationsResource.start

    def take(self: ExpectationsResource) -> None:
        if self._process is None and ready:
            self._process = ready.pop()  # type: ignore[assignment]
        start(self)

    ExpectationsResource.start = take  # type: ignore[method-assign]
