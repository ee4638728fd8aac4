"""Records the history of a home over and over, for tests that kill it: python recording.py HOME."""

import sys
from pathlib import Path

from tests.observe.graph import Runs

home = Path(sys.argv[1])
with Runs.at(home) as runs:
    while True:
        runs.record()
        print("recorded", flush=True)
        runs.history.path.unlink()  # so that the next one has all of it to read
