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

from sentinel_orchestration.files import sync, write_text
from sentinel_orchestration.settings import Settings
from sentinel_orchestration.warehouse.build import DATABASE_NAME, read_published

SITE = "site"


class NothingToRollBackError(RuntimeError):
    """There is no earlier build."""


def publish_build(settings: Settings, database: Path, manifest: Mapping[str, object]) -> Path:
    """Moves `database` into published/ with its manifest, makes it current, and gives its folder."""
    build_id = str(manifest["build_id"])
    folder = settings.published_dir / "builds" / build_id
    before = read_published(settings)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sync(database)
    os.replace(database, folder / DATABASE_NAME)
    body = dict(manifest) | {"previous_build_id": before["build_id"] if before else None}
    write_text(folder / "manifest.json", json.dumps(body, indent=1))
    sync(folder / "manifest.json")
    sync(folder)
    point(settings.current_dir, folder)
    _prune(settings)
    return folder


def roll_back(settings: Settings) -> tuple[str, str]:
    """Makes the previous build current again, with its report if it had one, and gives (the id put back, the id put away).

    Raises NothingToRollBackError where there is none.
    """
    now = read_published(settings)
    previous = str(now["previous_build_id"]) if now and now.get("previous_build_id") else None
    folder = settings.published_dir / "builds" / previous if previous else None
    if now is None or folder is None or not (folder / DATABASE_NAME).exists():
        raise NothingToRollBackError("There is no earlier build to go back to: run `sentinel build` twice first.")
    point(settings.current_dir, folder)
    if (folder / SITE).exists():
        point(settings.site_dir, folder / SITE)
    else:
        settings.site_dir.unlink(missing_ok=True)  # better no report than one of other data
    return folder.name, str(now["build_id"])


def point(link: Path, target: Path) -> None:
    """Makes `link` lead to `target`, in one rename."""
    link.parent.mkdir(parents=True, exist_ok=True)
    temporary = link.with_name(f".{link.name}.{os.getpid()}.partial")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(os.path.relpath(target, link.parent))
    os.replace(temporary, link)


def _prune(settings: Settings) -> None:
    """Keeps the current build, the one before it, and the one whose report is shown."""
    current = read_published(settings)
    keep = {str(current["build_id"]), str(current["previous_build_id"])} if current else set()
    if settings.site_dir.exists():
        keep.add(settings.site_dir.resolve().parent.name)
    for folder in (settings.published_dir / "builds").iterdir():
        if folder.name not in keep:
            shutil.rmtree(folder, ignore_errors=True)
