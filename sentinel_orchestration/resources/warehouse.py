"""The working warehouse: one DuckDB file that models are built in. Nobody keeps it open."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
from dagster_duckdb import DuckDBResource


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
        with super().get_connection() as connection:
            try:
                yield connection
            finally:
                connection.close()

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
