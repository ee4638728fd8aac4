"""Checks the history against slos.yaml: which error budgets burn, and which numbers are unusual."""

from datetime import datetime
from pathlib import Path

import duckdb

from sentinel_orchestration.observe.anomalies import ANOMALY, unusual
from sentinel_orchestration.observe.history import fill
from sentinel_orchestration.observe.objectives import ObjectivesError, read_objectives
from sentinel_orchestration.observe.observations import Trouble, note
from sentinel_orchestration.observe.slos import BUDGET, burning

UNREADABLE = "slos-unreadable"


def judge(connection: duckdb.DuckDBPyConnection, path: Path, at: datetime) -> None:
    """Notes what burns and what is unusual at `at` (naive UTC), by the file at `path`.

    A file that cannot be used is a problem like any other: it must not keep other problems from being noticed. Until it is
    fixed, what was wrong before stays so.
    """
    try:
        objectives = read_objectives(path)
    except ObjectivesError as error:
        note(connection, [UNREADABLE], [Trouble(path.name, UNREADABLE, path.name, None, str(error))], at)
        return
    note(connection, [UNREADABLE], [], at)
    fill(connection, objectives.tables)
    note(connection, [BUDGET, ANOMALY], [*burning(connection, at), *unusual(connection)], at)
