"""Makes a finished file the current release in one rename, and goes back to the one before when asked.

`published/releases/<release id>/` holds a release (DuckDB file, manifest, report); `published/current` and `site` are links. A
link is replaced by renaming a new one over it, so a reader finds the old release or the new one, never a part.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import duckdb

from sentinel_orchestration.files import remove, replacing, sync, write_text
from sentinel_orchestration.layout import WAREHOUSE_FILE, Layout
from sentinel_orchestration.publish.content import release_contents
from sentinel_orchestration.publish.manifest import MANIFEST_FILE, Manifest, damage, read_current, read_manifest
from sentinel_orchestration.surplus import Surplus, size_of

SITE = "site"


class NothingToRollBackError(RuntimeError):
    """There is no earlier release."""


class CurrentUnknownError(RuntimeError):
    """The current release cannot be read, so nothing says what may be removed; the message says what to do."""


def publish_release(layout: Layout, database: Path, manifest: Manifest, keep: int) -> Manifest:
    """Moves `database` into place with its manifest, makes it current, and gives the manifest as it was written.

    Of the releases before, as many stay as make `keep` with this one.
    """
    folder = layout.releases / manifest.release_id
    # One that was published before is left as it is: its file, and the report beside it, may be in use.
    if _holds(folder, manifest, database.parent):
        manifest = read_manifest(folder) or manifest
    else:
        folder.mkdir(parents=True, exist_ok=True)
        sync(database)
        os.replace(database, folder / WAREHOUSE_FILE)
    previous = _newest_whole(layout, but=manifest.release_id)
    manifest = manifest.model_copy(update={"previous_release_id": previous})
    write_text(folder / MANIFEST_FILE, manifest.model_dump_json(indent=1))
    sync(folder / MANIFEST_FILE)
    sync(folder)
    point(layout.current, folder)
    prune(layout, keep)
    return manifest


def roll_back(layout: Layout) -> tuple[str, str]:
    """Makes the previous release current again, with its report if it had one: (the id put back, the id replaced).

    Where the current one is damaged, the newest whole one is previous. Raises NothingToRollBackError where there is none.
    """
    replaced = layout.current.resolve().name
    now = read_current(layout) if damage(layout.current) is None else None
    previous = now.previous_release_id if now else _newest_whole(layout, but=replaced)
    folder = layout.releases / str(previous)
    if not previous or not folder.exists():
        raise NothingToRollBackError("There is no earlier release to go back to: run `sentinel build` twice first.")
    broken = damage(folder)
    if broken:
        raise NothingToRollBackError(
            f"The earlier release cannot be used: {broken}. Run `sentinel build` for a new one."
        )
    point(layout.current, folder)
    if (folder / SITE).exists():
        point(layout.site, folder / SITE)
    else:
        layout.site.unlink(missing_ok=True)  # better no report than one of other data
    return folder.name, replaced


def point(link: Path, target: Path) -> None:
    """Makes `link` lead to `target`, in one rename."""
    with replacing(link) as temporary:
        temporary.symlink_to(os.path.relpath(target, link.parent))


def prune(layout: Layout, keep: int) -> None:
    """Removes what `surplus_releases` finds, as far as it goes: a folder that is not ours to write stops no release."""
    for surplus in surplus_releases(layout, keep):
        with suppress(OSError):
            surplus.remove()


def surplus_releases(layout: Layout, keep: int) -> list[Surplus]:
    """Every release but those that are kept, and what is left of one that was removed in part.

    Raises CurrentUnknownError.
    """
    kept, why = kept_releases(layout, keep), f"beyond the {keep} that are kept"
    return [
        Surplus(f"release {folder.name.strip('.')}", why, size_of(folder), partial(remove, folder))
        for folder in sorted(layout.releases.glob("*"))
        if folder.name not in kept
    ]


def kept_releases(layout: Layout, keep: int) -> dict[str, Manifest]:
    """Id → manifest of the `keep` releases that stay, and of the one whose report is shown.

    First the current one and those that one rollback after another leads to, then those that were published last. Raises
    CurrentUnknownError.
    """
    found = {folder.name: manifest for folder in layout.releases.glob("[!.]*") if (manifest := read_manifest(folder))}
    current = layout.current.resolve().name
    if layout.current.is_symlink() and current not in found:
        raise CurrentUnknownError(
            f"{layout.current} leads to no release that can be read, so nothing says what is still needed. Run `sentinel "
            "build`, or `sentinel rollback`, then the same again."
        )
    newest = sorted(found, key=lambda name: found[name].published_at, reverse=True)
    kept = list(dict.fromkeys([*_back_from(current, found), *newest]))[:keep]
    shown = layout.site.resolve().parent.name if layout.site.exists() else None
    return {name: manifest for name, manifest in found.items() if name in kept or name == shown}


def needed_batches(layout: Layout, keep: int) -> dict[str, set[str]]:
    """Feed → ids of the batches that a kept release, or one that `sentinel verify` is comparing, was made from.

    Raises CurrentUnknownError.
    """
    verified = read_manifest(layout.verify_release)
    needed: dict[str, set[str]] = {}
    for manifest in (*kept_releases(layout, keep).values(), *([verified] if verified else [])):
        for feed, batch_ids in manifest.batches.items():
            needed.setdefault(feed, set()).update(batch_ids)
    return needed


def _back_from(release: str, found: Mapping[str, Manifest]) -> Iterator[str]:
    """The release and those before it, newest first. One that was published again may lead back to where it came from."""
    seen: set[str] = set()
    while release in found and release not in seen:
        seen.add(release)
        yield release
        release = found[release].previous_release_id or ""


def _holds(folder: Path, manifest: Manifest, scratch: Path) -> bool:
    """Whether the release in `folder` is whole and has the content that `manifest` names, to the last row."""
    if damage(folder):
        return False
    try:
        with duckdb.connect(str(folder / WAREHOUSE_FILE), read_only=True) as connection:
            held = {content.name: content.sha256 for content in release_contents(connection, scratch)}
    except duckdb.Error:
        return False
    return held == {name: table.sha256 for name, table in manifest.tables.items() if name in held}


def _newest_whole(layout: Layout, but: str) -> str | None:
    """The release to go back to from `but`: the current one, or the one published last of those that are whole."""
    folders = [f for f in layout.releases.glob("[!.]*") if f.name != but and damage(f) is None]
    current = layout.current.resolve().name
    found = [(f.name == current, m.published_at, f.name) for f in folders if (m := read_manifest(f))]
    return max(found)[2] if found else None
