"""Receives and gates one feed in a process of its own, and prints what was refused and the most memory it took.

Run by test_machine.py: what is submitted there could hang, kill or swell the process that reads it.
"""

import encodings.utf_8_sig  # noqa: F401  (the user that comes may not read the library)
import json
import os
import re
import sys
from datetime import datetime
from pathlib import Path

from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.silver import gate_feed
from sentinel_orchestration.settings import Settings

AS_OF = datetime(2025, 3, 4, 12)


def main(home: Path, feed: str, user: int) -> None:
    if user != os.getuid():
        os.setuid(user)
    lake = Lake(Settings(home=home, as_of=AS_OF), AS_OF)
    answer: dict[str, object] = {}
    try:
        records = lake.receive(feed)
        counts = gate_feed(lake, feed)
        answer["refused"] = [record.refused_because for record in records if record.refused_because]
        answer["good"] = sum(c.good for c in counts)
    except OSError as error:
        answer["error"] = f"{error.strerror}: {error.filename}"
    # Not ru_maxrss: that of a child starts at what its parent held when it forked.
    (peak_kb,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    print(json.dumps(answer | {"peak_mb": int(peak_kb) // 1024}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
