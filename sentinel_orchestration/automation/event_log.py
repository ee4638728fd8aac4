"""Dagster's SQLite event log, made to keep up with a build; the files and their content are Dagster's own."""

import sqlite3
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Self

from dagster import EventLogEntry
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

from sentinel_orchestration.internals import (
    ASSET_CHECK_EVENTS,
    ASSET_EVENTS,
    ConfigurableClassData,
    SqlEventLogStorageTable,
    SqliteEventLogStorage,
    create_db_conn_string,
)

OPEN_DATABASES = 8
BUSY_TIMEOUT_SEC = 60


class WarmSqliteEventLogStorage(SqliteEventLogStorage):
    """Dagster's SQLite event log on the same files, with one open connection per database.

    Dagster's own makes an engine and a connection for every event, compiles each statement again, and checkpoints the
    write-ahead log at each close: half of a build's time at the default size. It also writes the events of a batch one
    by one, and with each materialisation what the asset's newest one is.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._tables: set[str] = set()
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

    def has_table(self, table_name: str) -> bool:
        """As the base class, which makes an engine to look, with every event of a check. A table that is there stays."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def delete_events(self, run_id: str) -> None:
        """As the base class, which empties the run's file but leaves it."""
        with self._db_lock:
            if engine := self._engines.pop(run_id, None):
                engine.dispose()
            self._initialized_dbs.discard(run_id)
            for suffix in ("", "-wal", "-shm"):
                Path(f"{self.path_for_shard(run_id)}{suffix}").unlink(missing_ok=True)
        with self.index_connection() as connection:
            self.delete_events_for_run(connection, run_id)
        self.free_concurrency_slots_for_run(run_id)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """As `store_event` of each, in one transaction per database; only an asset's newest event is kept as its last."""
        for run_id, of_run in groupby(events, key=lambda entry: entry.run_id):
            entries = list(of_run)
            rows = [self._event_to_row(entry) for entry in entries]
            with self.run_connection(run_id) as connection:
                connection.execute(SqlEventLogStorageTable.insert(), rows)
            inserted = SqlEventLogStorageTable.insert().returning(
                SqlEventLogStorageTable.c.id, sort_by_parameter_order=True
            )
            with self.index_connection() as connection:
                ids: list[int] = list(connection.execute(inserted, rows).scalars())
                numbered = list(zip(entries, ids, strict=True))
                of_assets = [(e, i) for e, i in numbered if e.dagster_event_type in ASSET_EVENTS]
                if of_assets:
                    self._store_asset_event_tags(connection, *zip(*of_assets, strict=True))
                newest = {entry.get_dagster_event().asset_key: (entry, number) for entry, number in of_assets}
                for entry, number in newest.values():
                    self._store_asset_event(connection, entry, number)
            for entry, number in numbered:
                if entry.dagster_event_type in ASSET_CHECK_EVENTS:
                    self.store_asset_check_event(entry, number)

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
                hide_parameters=True,  # an error's message would hold whole events
                connect_args={"timeout": BUSY_TIMEOUT_SEC, "check_same_thread": False},  # _db_lock serialises
            )
            event.listen(engine, "connect", _commit_without_waiting)
            self._engines[shard] = engine
            if len(self._engines) > OPEN_DATABASES:
                self._engines.popitem(last=False)[1].dispose()
        self._engines.move_to_end(shard)
        return self._engines[shard]


def _commit_without_waiting(connection: sqlite3.Connection, _: object) -> None:
    """With a write-ahead log NORMAL loses at most the last events in a power cut, and nothing in a crash."""
    connection.execute("pragma synchronous = normal")
