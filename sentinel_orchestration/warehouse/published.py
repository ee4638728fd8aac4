"""What is published, as whoever opens it next would find it: the manifest, and whether its file is whole.

Belongs here: reading published/. Does not belong here: changing it (publish).
"""

import json
from pathlib import Path

import duckdb

from sentinel_orchestration.settings import Settings

DATABASE_NAME = "sentinel.duckdb"  # also the catalog's name: it must be the same wherever the file lies


def read_published(settings: Settings) -> dict[str, object] | None:
    """The manifest of what is published; None where nothing is, or it cannot be read, or its file is gone."""
    return read_manifest(settings.current_dir)


def read_manifest(folder: Path) -> dict[str, object] | None:
    """The manifest of the build in `folder`; None where there is none, it cannot be read, or the file is gone."""
    try:
        body = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    known = isinstance(body, dict) and "build_id" in body and (folder / DATABASE_NAME).exists()
    return body if known else None


def damage(folder: Path) -> str | None:
    """Why the build in `folder` cannot be used; None where it can: its file opens and is the one the manifest tells of."""
    manifest = read_manifest(folder)
    if manifest is None:
        torn = (folder / "manifest.json").exists()
        return f"{folder / 'manifest.json'} is {'damaged' if torn else 'missing'}, or the file beside it"
    path = folder / DATABASE_NAME
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            found = connection.execute("select build_id from ops.build").fetchall()
    except duckdb.Error as error:
        return f"{path} cannot be read: {str(error).splitlines()[0].rstrip('.! ')}"
    if found != [(manifest["build_id"],)] or manifest.get("bytes", path.stat().st_size) != path.stat().st_size:
        return f"{path} is not the file of build {manifest['build_id']}"
    return None
