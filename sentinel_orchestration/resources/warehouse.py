"""The working warehouse: one DuckDB file that models are built in. Nobody keeps it open."""

import gc
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import duckdb
from dagster_duckdb import DuckDBResource

LET_GO_SEC = 10.0


class WarehouseResource(DuckDBResource):
    """dagster-duckdb's resource on the working file: `get_connection()` waits for a writer, and closes after itself."""

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.database)

    @contextmanager
    def get_connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection, closed after an exception too: dagster-duckdb's own would stay open for as long as the traceback does.

        The file is made where there is none, and so is its folder: a run that the UI starts may be the first in a home.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            connection = self._open(stack)
            try:
                yield connection
            finally:
                connection.close()

    def _open(self, stack: ExitStack) -> duckdb.DuckDBPyConnection:
        """Waits for dbt in this process: what it closed stays open until the last of its threads has let go of it."""
        deadline = time.monotonic() + LET_GO_SEC
        while True:
            try:
                connection: duckdb.DuckDBPyConnection = stack.enter_context(super().get_connection())
                return connection
            except duckdb.ConnectionException:  # "… with a different configuration than existing connections"
                if time.monotonic() > deadline:
                    raise
                gc.collect()
                time.sleep(0.05)

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection whose changes are kept together, or, after an exception, not at all."""
        with self.get_connection() as connection:
            connection.execute("set timezone = 'UTC'; begin")
            try:
                yield connection
                connection.execute("commit")
            except BaseException:
                with suppress(duckdb.Error):  # a failed commit leaves nothing to roll back
                    connection.execute("rollback")
                raise
