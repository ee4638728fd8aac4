"""Puts a finished build in the place readers look at, in one rename, and puts the one before back when asked.

Belongs here: folders and links under published/. Does not belong here: whether a build may be published (audit).

`published/builds/<build id>/` holds a build (DuckDB file, manifest, report); `published/current` and `site` are links.
A link is replaced by renaming a new one over it, so a reader finds the old build or the new one, never a part.
"""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from sentinel_orchestration.files import replacing, sync, write_text
from sentinel_orchestration.publish.content import table_contents
from sentinel_orchestration.settings import Settings
from sentinel_orchestration.warehouse.published import DATABASE_NAME, damage, read_manifest, read_published

SITE = "site"


class NothingToRollBackError(RuntimeError):
    """There is no earlier build."""


def publish_build(settings: Settings, database: Path, manifest: Mapping[str, Any]) -> Path:
    """Moves `database` into published/ with its manifest, makes it current, and gives its folder."""
    build_id = str(manifest["build_id"])
    folder = settings.published_dir / "builds" / build_id
    body = dict(manifest)
    # One that was published before is left as it is: its file, and the report beside it, may be in use.
    if _holds(folder, manifest, database.parent):
        body = read_manifest(folder) or body
    else:
        folder.mkdir(parents=True, exist_ok=True)
        sync(database)
        os.replace(database, folder / DATABASE_NAME)
        body["bytes"] = (folder / DATABASE_NAME).stat().st_size
    body["previous_build_id"] = _newest_whole(settings, but=build_id)
    write_text(folder / "manifest.json", json.dumps(body, indent=1))
    sync(folder / "manifest.json")
    sync(folder)
    point(settings.current_dir, folder)
    prune(settings)
    return folder


def roll_back(settings: Settings) -> tuple[str, str]:
    """Makes the previous build current again, with its report if it had one, and gives (the id put back, the id put away).

    Where the current one is damaged, the newest whole one is previous. Raises NothingToRollBackError where there is none.
    """
    away = settings.current_dir.resolve().name
    now = read_published(settings) if damage(settings.current_dir) is None else None
    previous = now.get("previous_build_id") if now else _newest_whole(settings, but=away)
    folder = settings.published_dir / "builds" / str(previous)
    if not previous or not folder.exists():
        raise NothingToRollBackError("There is no earlier build to go back to: run `sentinel build` twice first.")
    broken = damage(folder)
    if broken:
        raise NothingToRollBackError(f"The earlier build cannot be used: {broken}. Run `sentinel build` for a new one.")
    point(settings.current_dir, folder)
    if (folder / SITE).exists():
        point(settings.site_dir, folder / SITE)
    else:
        settings.site_dir.unlink(missing_ok=True)  # better no report than one of other data
    return folder.name, away


def point(link: Path, target: Path) -> None:
    """Makes `link` lead to `target`, in one rename."""
    with replacing(link) as temporary:
        temporary.symlink_to(os.path.relpath(target, link.parent))


def _holds(folder: Path, manifest: Mapping[str, Any], scratch: Path) -> bool:
    """Whether the build in `folder` is whole and has the content that `manifest` tells of, to the last row."""
    if damage(folder):
        return False
    try:
        with duckdb.connect(str(folder / DATABASE_NAME), read_only=True) as connection:
            held = table_contents(connection, "marts", scratch)
    except duckdb.Error:
        return False
    return {c.name: c.sha256 for c in held} == {name: t["sha256"] for name, t in manifest.get("tables", {}).items()}


def _newest_whole(settings: Settings, but: str) -> str | None:
    """The build to go back to from the build `but`: the current one, or the one published last of those that are whole."""
    folders = [f for f in (settings.published_dir / "builds").glob("*") if f.name != but and damage(f) is None]
    current = settings.current_dir.resolve().name
    found = [(f.name == current, str((read_manifest(f) or {}).get("published_at")), f.name) for f in folders]
    return max(found)[2] if found else None


def prune(settings: Settings) -> None:
    """Keeps the current build, the one before it, and the one whose report is shown."""
    current = read_published(settings)
    keep = {str(current["build_id"]), str(current["previous_build_id"])} if current else set()
    if settings.site_dir.exists():
        keep.add(settings.site_dir.resolve().parent.name)
    for folder in (settings.published_dir / "builds").iterdir():
        if folder.name not in keep:
            shutil.rmtree(folder, ignore_errors=True)
