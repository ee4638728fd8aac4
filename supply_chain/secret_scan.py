"""Looks for passwords, keys and tokens in the files that git knows, or would know with the next `git add`.

Belongs here: which files are looked at, and what is told. What a secret looks like is detect-secrets' matter.
"""

import json
import subprocess
import sys
from pathlib import Path

MEND = (
    "Take it out, and revoke it where it was real: git keeps it. "
    "If it is none, end its line with the comment `pragma: allowlist secret`."
)


def find_secrets(folder: Path) -> list[str]:
    """`path:line: kind` of all that looks like a secret in the git checkout `folder`; nothing is asked over a network."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    files = [name for name in dict.fromkeys(listed.stdout.split("\0")) if name and (folder / name).is_file()]
    if not files:
        return []
    tool = str(Path(sys.executable).with_name("detect-secrets"))
    scan = subprocess.run([tool, "scan", "--no-verify", *files], cwd=folder, capture_output=True, text=True, check=True)
    results: dict[str, list[dict[str, object]]] = json.loads(scan.stdout)["results"]
    return sorted(f"{name}:{found['line_number']}: {found['type']}" for name, some in results.items() for found in some)
