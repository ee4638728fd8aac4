"""The git commit of the running code.

It is read from git's own files, so it works without git and no matter which user owns the checkout.
"""

import os
import re
from pathlib import Path

UNKNOWN = "unknown"
DIGITS = 12
MAX_LINKS = 5  # git's own limit: a branch may be a link to another branch
COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")  # SHA-1, or SHA-256


def git_revision(folder: Path) -> str:
    """The first 12 digits of the commit checked out in `folder`, which is the root of a checkout; else 'unknown'.

    SENTINEL_GIT_REVISION wins; it is meant for code that was copied without its repository. A repository in a folder
    above `folder` does not count, because it may belong to other code. Repositories in git's reftable format give
    'unknown'.
    """
    named = os.environ.get("SENTINEL_GIT_REVISION", "").strip()
    if named:
        return named[:DIGITS]
    try:
        return _head(_git_dir(folder))[:DIGITS] or UNKNOWN
    except (OSError, ValueError):  # no repository, an unreadable one, or files that git did not write
        return UNKNOWN


def _git_dir(folder: Path) -> Path:
    """The folder that holds HEAD. In a worktree or a submodule, `.git` is a file that names it."""
    place = folder / ".git"
    if place.is_file():
        return folder / place.read_text(encoding="utf-8").strip().removeprefix("gitdir: ")
    return place


def _head(git_dir: Path) -> str:
    """The commit that HEAD points to; empty if its branch has no commit yet."""
    # A worktree has its own HEAD, but its branches are those of the main repository.
    shared = git_dir / "commondir"
    common = git_dir / shared.read_text(encoding="utf-8").strip() if shared.exists() else git_dir
    content = (git_dir / "HEAD").read_text(encoding="utf-8").strip()
    for _ in range(MAX_LINKS):
        if not content.startswith("ref: "):
            break
        content = _ref(common, content.removeprefix("ref: "))
    return content if COMMIT.fullmatch(content) else ""


def _ref(common: Path, name: str) -> str:
    """What the ref `name` contains: its own file wins over its line `<commit> <name>` in packed-refs."""
    loose, packed = common / name, common / "packed-refs"
    if loose.is_file():
        return loose.read_text(encoding="utf-8").strip()
    lines = packed.read_text(encoding="utf-8").splitlines() if packed.exists() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {name}")), "")
