"""Searches for passwords, keys and tokens in the files that git tracks or that the next `git add` would add.

detect-secrets decides what looks like a secret.
"""

import json
import subprocess
import sys
from pathlib import Path

FIX = (
    "Remove it. If it was real, revoke it, because git keeps its history. "
    "If it is not a secret, end its line with the comment `pragma: allowlist secret`."
)


def find_secrets(folder: Path) -> list[str]:
    """`path:line: kind` of everything that looks like a secret in the git checkout `folder`. Uses no network."""
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
