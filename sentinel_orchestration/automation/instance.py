"""Sentinel's own Dagster instance: where it lies, and an event log that keeps up with a build.

Belongs here: opening the instance. Does not belong here: runs (build).
"""

import os
import shutil
import sqlite3
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import dagster as dg
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import create_db_conn_string
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

from sentinel_orchestration.settings import PROJECT_DIR, Settings

OPEN_DATABASES = 8
BUSY_TIMEOUT_SEC = 60


class WarmSqliteEventLogStorage(SqliteEventLogStorage):
    """Dagster's SQLite event log on the same files, with one open connection a database.

    Dagster's own makes an engine and a connection for every event, compiles each statement anew, and checkpoints the
    write-ahead log at each close: half of a build's time at the default size.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: dict[str, str]) -> Self:  # type: ignore[override]
        """As the base class, which names itself here."""
        return cls(inst_data=inst_data, **config_value)

    def dispose(self) -> None:
        """Closes every database."""
        while self._engines:
            self._engines.popitem()[1].dispose()
        super().dispose()

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def _engine(self, shard: str) -> Engine:
        if shard not in self._engines:
            engine = create_engine(
                create_db_conn_string(self._base_dir, shard),
                poolclass=StaticPool,
                connect_args={"timeout": BUSY_TIMEOUT_SEC, "check_same_thread": False},  # _db_lock serialises
            )
            event.listen(engine, "connect", _commit_without_waiting)
            self._engines[shard] = engine
            if len(self._engines) > OPEN_DATABASES:
                self._engines.popitem(last=False)[1].dispose()
        self._engines.move_to_end(shard)
        return self._engines[shard]


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The instance under the data folder, made on first use, with the project's dagster.yaml."""
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(PROJECT_DIR / "dagster.yaml", home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)
    event_log = {
        "module": WarmSqliteEventLogStorage.__module__,
        "class": WarmSqliteEventLogStorage.__name__,
        "config": {"base_dir": str(home / "history" / "runs")},
    }
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home), overrides={"event_log_storage": event_log}))


def _commit_without_waiting(connection: sqlite3.Connection, _: object) -> None:
    """With a write-ahead log NORMAL loses at most the last events in a power cut, and nothing in a crash."""
    connection.execute("pragma synchronous = normal")
