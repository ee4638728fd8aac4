"""Does the current release come out again? Rebuilds it from the same bronze, at the same as_of, and compares its tables."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import duckdb

from sentinel_orchestration.automation.build import Listener, run_build
from sentinel_orchestration.automation.instance import open_instance
from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.lake.pinned import PinnedLake
from sentinel_orchestration.layout import WAREHOUSE_FILE
from sentinel_orchestration.lock import is_abandoned, locked_while_alive
from sentinel_orchestration.publish.compare import ComparedTable, compare_releases
from sentinel_orchestration.publish.manifest import MANIFEST_FILE, Manifest, read_current
from sentinel_orchestration.publish.release import made_by
from sentinel_orchestration.resources import DbtResource
from sentinel_orchestration.settings import Settings

SHOWN_BATCHES = 5


class CannotVerifyError(RuntimeError):
    """There is nothing to verify, or not what it takes; the message says what to do."""


@dataclass(frozen=True)
class Verification:
    """What came of it. `changed_code` names what made the release and is another version now.

    `error` says why the rebuild did not get as far as being compared.
    """

    manifest: Manifest
    changed_code: list[str]
    tables: list[ComparedTable]
    error: str | None = None

    @property
    def is_same(self) -> bool:
        """Whether every table came out again as it was released."""
        return self.error is None and all(table.finding == "same" for table in self.tables)


def verify(
    settings: Settings,
    make_definitions: Callable[[Settings], dg.Definitions],
    listener: Listener,
    on_wait: Callable[[str], None],
) -> Verification:
    """Rebuilds the current release in a scratch place, which is gone afterwards, and compares.

    It may go on while others build or prune: the release it compares with is kept by a link of its own, and so are its batches.
    Raises CannotVerifyError where there is no release, or bronze lacks batches it was made from.
    """
    manifest = _current(settings)
    with _scratch_place(settings, manifest) as (scratch, release):
        lake = PinnedLake(scratch, manifest.as_of, release / MANIFEST_FILE)
        _refuse_if_missing(lake)
        dbt = DbtResource(project=str(scratch.dbt_dir), home=str(scratch.home))
        changed_code = _changed_code(manifest.made_by, made_by(lake, dbt.digest()))
        instance = open_instance(scratch)
        try:
            outcome = run_build(scratch, lake, make_definitions(scratch), instance, False, listener, on_wait)
        finally:
            instance.dispose()
        if not outcome.published:
            return Verification(manifest, changed_code, [], outcome.error or "the rebuild released nothing")
        return Verification(manifest, changed_code, compare_releases(release, scratch.layout.current))


def _current(settings: Settings) -> Manifest:
    layout = settings.layout
    manifest = read_current(layout)
    if manifest is None:
        raise CannotVerifyError("There is no release to verify. Run `sentinel build` first.")
    try:
        duckdb.connect(str(layout.current / WAREHOUSE_FILE), read_only=True).close()
    except duckdb.Error as error:
        raise CannotVerifyError(
            f"{layout.current / WAREHOUSE_FILE} cannot be read: {str(error).splitlines()[0]}. Run `sentinel build` for a "
            "new release, or `sentinel rollback`."
        ) from error
    feeds = load_contracts().keys()
    if manifest.batches.keys() != feeds:
        raise CannotVerifyError(
            f"Release {manifest.release_id} was made from other feeds: {', '.join(sorted(manifest.batches.keys() ^ feeds))} "
            "came or went since. Run `sentinel build`, then verify."
        )
    return manifest


@contextmanager
def _scratch_place(settings: Settings, manifest: Manifest) -> Iterator[tuple[Settings, Path]]:
    """Settings whose home is the scratch place, and the release under another name, so that pruning leaves it."""
    layout = settings.layout
    if layout.verify_lock.exists() and not is_abandoned(layout.verify_lock):
        raise CannotVerifyError("Another `sentinel verify` is at work. Wait for it to finish.")
    with locked_while_alive(layout.verify_lock):
        yield from _rebuilding(settings, manifest)


def _rebuilding(settings: Settings, manifest: Manifest) -> Iterator[tuple[Settings, Path]]:
    layout, home = settings.layout, settings.layout.verify_scratch
    shutil.rmtree(home, ignore_errors=True)  # what a killed one left
    scratch = settings.model_copy(update={"home": home, "as_of": manifest.as_of})
    scratch = Settings(**scratch.model_dump())  # a copy would keep the cached layout
    try:
        release = layout.verify_release
        release.mkdir(parents=True)
        scratch.layout.warehouse.parent.mkdir(parents=True)
        scratch.layout.bronze.symlink_to(layout.bronze)  # nobody writes to it: a pinned lake receives nothing
        for name in (WAREHOUSE_FILE, MANIFEST_FILE):
            (release / name).hardlink_to(layout.current.resolve() / name)
        yield scratch, release
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _refuse_if_missing(lake: PinnedLake) -> None:
    missing = [f"{feed} {batch_id}" for feed, ids in lake.missing().items() for batch_id in ids]
    if missing:
        more = f" and {len(missing) - SHOWN_BATCHES} more" if len(missing) > SHOWN_BATCHES else ""
        raise CannotVerifyError(
            f"Bronze no longer holds {len(missing)} of the batches the release was made from: "
            f"{', '.join(missing[:SHOWN_BATCHES])}{more}. Put them back under data/bronze, or delete data/ and run "
            "`sentinel build`, which receives again what the inbox and the simulator have."
        )


def _changed_code(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    changed = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    return [f"{name} ({_short(then.get(name))} → {_short(now.get(name))})" for name in changed]


def _short(version: str | None) -> str:
    return version[:12] if version else "none"
