"""Records the history of a home over and over, for tests that kill it: python recording.py HOME."""

import sys
from pathlib import Path

import dagster as dg

from sentinel_orchestration.layout import Layout
from sentinel_orchestration.observe.history import History
from sentinel_orchestration.observe.recorder import record
from tests.observe.graph import Runs

home = Path(sys.argv[1])
with dg.DagsterInstance.local_temp(str(home / "dagster"), overrides={"telemetry": {"enabled": False}}) as instance:
    graph = Runs(home, instance).definitions.resolve_asset_graph()
    while True:
        record(History(Layout(home)), instance, graph)
        print("recorded", flush=True)
        Layout(home).history.unlink()  # so that the next one has all of it to read
