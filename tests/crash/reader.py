"""A reader that never stops: opens what is published, again and again, and holds the file against its manifest.

Reads until stdin ends, then prints JSON: how often it read, which builds it saw, and everything that did not fit.
"""

import json
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from sentinel_orchestration.publish.content import table_contents


def read(current: Path, known: set[str]) -> str:
    """The id of the build that is published now. Raises where its parts do not fit together."""
    folder = current.resolve(strict=True)  # one look at the link: file and manifest are then of one build
    manifest = json.loads((folder / "manifest.json").read_text())
    with duckdb.connect(str(folder / "sentinel.duckdb"), read_only=True) as connection:
        found = connection.execute("select build_id from ops.build").fetchall()
        assert found == [(manifest["build_id"],)], f"{folder.name}: the file is of {found}"
        rows = dict(connection.execute("select table_name, rows from ops.tables").fetchall())
        told = {name: table["rows"] for name, table in manifest["tables"].items()}
        assert rows == told, f"{folder.name}: ops.tables differs from the manifest"
        if manifest["build_id"] not in known:
            with TemporaryDirectory() as scratch:
                contents = table_contents(connection, "marts", Path(scratch))
            held = {c.name: {"rows": c.rows, "sha256": c.sha256} for c in contents}
            assert held == manifest["tables"], f"{folder.name}: content differs from the manifest"
    return str(manifest["build_id"])


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
            build = read(current, set(seen))
            reads += 1
            seen += [build] if [build] != seen[-1:] else []
        except Exception as error:
            torn.append(f"{type(error).__name__}: {error}")
    print(json.dumps({"reads": reads, "seen": seen, "torn": torn[:20]}))
