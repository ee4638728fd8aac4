"""A reader that never stops: opens the current release, again and again, and checks the file against its manifest.

Reads until stdin ends, then prints JSON: how often it read, which releases it saw, and everything that did not fit.
"""

import json
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from sentinel_orchestration.publish.content import release_contents


def read(current: Path, known: set[str]) -> str:
    """The id of the current release. Raises where its parts do not fit together."""
    folder = current.resolve(strict=True)  # one look at the link: file and manifest are then of one release
    manifest = json.loads((folder / "manifest.json").read_text())
    release_id = str(manifest["release_id"])
    with duckdb.connect(str(folder / "sentinel.duckdb"), read_only=True) as connection:
        found = connection.execute("select release_id from ops.release").fetchall()
        assert found == [(release_id,)], f"{folder.name}: the file is of {found}"
        digests = {name: table["sha256"] for name, table in manifest["tables"].items()}
        told = dict(connection.execute("select table_name, content_sha256 from ops.tables").fetchall())
        assert told == {name: digests[name] for name in told}, f"{folder.name}: ops.tables differs from the manifest"
        if release_id not in known:
            with TemporaryDirectory() as scratch:
                held = [c for ops in (False, True) for c in release_contents(connection, Path(scratch), ops)]
            assert {c.name: c.sha256 for c in held} == digests, f"{folder.name}: content differs from the manifest"
    return release_id


if __name__ == "__main__":
    current, stop = Path(sys.argv[1]), threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    seen: list[str] = []
    torn: list[str] = []
    reads = 0
    is_last = False
    while not is_last:
        is_last = stop.wait(0.1)
        if not seen and not current.exists():
            continue
        try:
            release_id = read(current, set(seen))
            reads += 1
            seen += [release_id] if [release_id] != seen[-1:] else []
        except Exception as error:
            torn.append(f"{type(error).__name__}: {error}")
    print(json.dumps({"reads": reads, "seen": seen, "torn": torn[:20]}))
