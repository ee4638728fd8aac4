"""Does the published build come out again? Rebuilds it from the same bronze, at the same as_of, and compares its tables.

Belongs here: the scratch place and the rebuild. Does not belong here: comparing (publish.compare) or how it is shown (console).
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from sentinel_orchestration.automation.build import Listener, run_build
from sentinel_orchestration.automation.instance import open_instance
from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.lake.pinned import PinnedLake
from sentinel_orchestration.lock import hold_build_lock, release_build_lock
from sentinel_orchestration.publish.compare import ComparedTable, compare_builds
from sentinel_orchestration.settings import Settings
from sentinel_orchestration.warehouse.build import made_by
from sentinel_orchestration.warehouse.project import DbtProject
from sentinel_orchestration.warehouse.published import DATABASE_NAME, read_published

SHOWN_BATCHES = 5


class CannotVerifyError(RuntimeError):
    """There is nothing to verify, or not what it takes; the message says what to do."""


class ScratchSettings(Settings):
    """Settings with a data folder of their own, but for bronze."""

    bronze: Path

    @property
    def bronze_dir(self) -> Path:
        """The real one, which nobody writes to: a pinned lake receives nothing."""
        return self.bronze


@dataclass(frozen=True)
class Verification:
    """What came of it. `changed_code` names what made the published build and is another version now.

    `error` says why the rebuild did not get as far as being compared.
    """

    manifest: Mapping[str, Any]
    changed_code: list[str]
    tables: list[ComparedTable]
    error: str | None = None

    @property
    def is_same(self) -> bool:
        """Whether every table came out again as it is published."""
        return self.error is None and all(table.verdict == "same" for table in self.tables)


def verify(
    settings: Settings,
    make_definitions: Callable[[Settings], dg.Definitions],
    listener: Listener,
    on_wait: Callable[[str], None],
) -> Verification:
    """Rebuilds the published build in a scratch place, which is gone afterwards, and compares. No build runs meanwhile.

    Raises CannotVerifyError where nothing is published, or bronze lacks batches it was made from.
    """
    hold_build_lock(settings.build_dir, "sentinel verify", on_wait)
    try:
        manifest = _published(settings)
        as_of = datetime.fromisoformat(manifest["as_of"])
        with _scratch_place(settings, as_of) as scratch:
            lake = PinnedLake(scratch, as_of, settings.current_dir.resolve() / "manifest.json")
            _refuse_if_missing(lake)
            changed_code = _changed_code(manifest["made_by"], made_by(lake, DbtProject(scratch).digest()))
            instance = open_instance(scratch)
            try:
                outcome = run_build(scratch, lake, make_definitions(scratch), instance, False, listener, on_wait)
            finally:
                instance.dispose()
            if not outcome.published:
                return Verification(manifest, changed_code, [], outcome.error or "the rebuild published nothing")
            tables = compare_builds(settings.current_dir, scratch.current_dir)
            return Verification(manifest, changed_code, tables)
    finally:
        release_build_lock(settings.build_dir)


def _published(settings: Settings) -> dict[str, Any]:
    manifest = read_published(settings)
    if manifest is None:
        raise CannotVerifyError("Nothing is published that could be verified. Run `sentinel build` first.")
    try:
        duckdb.connect(str(settings.current_dir / DATABASE_NAME), read_only=True).close()
    except duckdb.Error as error:
        raise CannotVerifyError(
            f"{settings.current_dir / DATABASE_NAME} cannot be read: {str(error).splitlines()[0]}. Run `sentinel build`, "
            "which builds every table anew, or `sentinel rollback`."
        ) from error
    batches = manifest.get("batches")
    if not isinstance(batches, dict) or not all(batches.values()):
        raise CannotVerifyError(
            f"Build {manifest['build_id']} does not tell which batches it was made from: an older Sentinel made it. Run "
            "`sentinel build`, then verify."
        )
    feeds = load_contracts().keys()
    if batches.keys() != feeds:
        raise CannotVerifyError(
            f"Build {manifest['build_id']} was made from other feeds: {', '.join(sorted(batches.keys() ^ feeds))} came or "
            "went since. Run `sentinel build`, then verify."
        )
    return manifest


@contextmanager
def _scratch_place(settings: Settings, as_of: datetime) -> Iterator[Settings]:
    home = settings.verify_scratch
    shutil.rmtree(home, ignore_errors=True)  # what a killed one left
    scratch = ScratchSettings(**settings.model_dump() | {"home": home, "as_of": as_of, "bronze": settings.bronze_dir})
    try:
        with suppress(FileNotFoundError):  # dbt parses for seconds what it parsed before
            shutil.copytree(DbtProject(settings).target, DbtProject(scratch).target)
        yield scratch
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _refuse_if_missing(lake: PinnedLake) -> None:
    missing = [f"{feed} {batch_id}" for feed, ids in lake.missing().items() for batch_id in ids]
    if missing:
        more = f" and {len(missing) - SHOWN_BATCHES} more" if len(missing) > SHOWN_BATCHES else ""
        raise CannotVerifyError(
            f"Bronze no longer holds {len(missing)} of the batches the published build was made from: "
            f"{', '.join(missing[:SHOWN_BATCHES])}{more}. Put them back under data/bronze, or delete data/ and run "
            "`sentinel build`, which receives anew what the inbox and the simulator have."
        )


def _changed_code(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    changed = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    return [f"{name} ({_short(then.get(name))} → {_short(now.get(name))})" for name in changed]


def _short(version: str | None) -> str:
    return version[:12] if version else "none"
