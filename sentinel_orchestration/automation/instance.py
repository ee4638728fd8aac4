"""Sentinel's own Dagster instance: where it lies, and SQLite set so that it keeps up with a build.

Belongs here: opening the instance. Does not belong here: runs (build).
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import dagster as dg
from sqlalchemy import event
from sqlalchemy.engine import Engine

from sentinel_orchestration.settings import PROJECT_DIR, Settings


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The instance under the data folder, made on first use, with the project's dagster.yaml."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(PROJECT_DIR / "dagster.yaml", settings.dagster_home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    if not event.contains(Engine, "connect", _commit_without_waiting):
        event.listen(Engine, "connect", _commit_without_waiting)
    return dg.DagsterInstance.get()


@contextmanager
def unhurried_checkpoints(settings: Settings, run_id: str) -> Iterator[None]:
    """Keeps a connection to each event database of a run open, so that not every event ends in a checkpoint.

    Dagster opens and closes a connection an event, and SQLite checkpoints its write-ahead log when the last one closes:
    half of a build's time at the default size.
    """
    folder = settings.dagster_home / "history" / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        for name in ("index.db", f"{run_id}.db"):
            connection = stack.enter_context(closing(sqlite3.connect(folder / name)))
            connection.execute("pragma journal_mode = wal")
            connection.execute("select count(*) from sqlite_master").fetchone()
        yield


def _commit_without_waiting(connection: object, _: object) -> None:
    """With a write-ahead log NORMAL loses at most the last events in a power cut, and nothing in a crash."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("pragma synchronous = normal")
