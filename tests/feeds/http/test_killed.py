"""A pull that is killed in the middle leaves nothing that counts, and the next one starts again."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable

from sentinel_orchestration.files import sweep
from sentinel_orchestration.lake.received import Lake
from tests.feeds.http.conftest import Rows, kept
from tests.feeds.http.server import Asked, LocalServer, Reply

PULL = """
import sys
from pathlib import Path
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.settings import Settings, newest_full_hour
Lake(Settings(home=Path(sys.argv[1])), newest_full_hour()).receive("telemetry")
"""


def test_killed_and_pulled_again(server: LocalServer, pulled: Callable[..., Lake], telemetry: Rows) -> None:
    is_midway = threading.Event()

    def answer(asked: Asked) -> Reply:
        start = int(asked.query["skip"])
        if start == 200 and not is_midway.is_set():
            is_midway.set()
            return Reply(hangs=True)
        rows = [row for row in telemetry if row["ts"] > asked.query.get("after", "")]
        return Reply(rows[start : start + 100])

    server.answer = answer
    lake = pulled(since={"parameter": "after", "column": "ts"}, paging={"offset": {"parameter": "skip"}})
    process = subprocess.Popen([sys.executable, "-c", PULL, str(lake.settings.home)])
    assert is_midway.wait(60)
    process.send_signal(signal.SIGKILL)
    assert process.wait(10) == -signal.SIGKILL
    bronze = lake.bronze("telemetry")
    assert list(bronze.folder.glob(".scratch*/telemetry.jsonl"))  # two pages, received and then lost
    assert bronze.records() == []
    assert lake.active("telemetry") == {}

    (record,) = lake.receive("telemetry")
    assert record.rows == len(telemetry)
    assert kept(lake).select(*telemetry[0]).rows(named=True) == telemetry
    assert "after" not in server.asked[-1].query
    sweep(lake.layout.data)
    assert not list(bronze.folder.glob(".scratch*"))
    lake.receive("telemetry")
    assert kept(lake).height == len(telemetry)
