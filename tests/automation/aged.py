"""A home that nothing has happened in for a while."""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from sentinel_orchestration.layout import Layout

DAY_SEC = 86_400


def age(home: Path, days: int = 40) -> None:
    """Makes all that runs did, and each record of bronze, older by so many days."""
    layout = Layout(home)
    for record in layout.bronze.glob("*/_batches/*.json"):
        moment = time.time() - days * DAY_SEC
        os.utime(record, (moment, moment))
    with closing(sqlite3.connect(layout.dagster / "history" / "runs.db")) as history, history:
        history.execute("update runs set update_timestamp = datetime(update_timestamp, ?)", [f"-{days} days"])
