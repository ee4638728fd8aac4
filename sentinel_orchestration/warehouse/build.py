"""The build of a run: its own DuckDB file, started from what is published, and what must be built anew in it.

Belongs here: the build folder and its notes. Does not belong here: running dbt (project) or swapping files (publish).
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Literal

import polars as pl

from sentinel_orchestration.files import copy_file, sweep, write_text
from sentinel_orchestration.lake.counts import silver_counts, silver_file
from sentinel_orchestration.lake.gate import GATE_VERSION
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.settings import PROJECT_DIR, Settings
from sentinel_orchestration.warehouse.published import DATABASE_NAME, damage, read_published

HISTORICAL_AFTER = timedelta(hours=24)
AsOfBasis = Literal["setting", "clock", "newest_event"]
Versions = dict[str, dict[str, str]]


class NoBuildError(RuntimeError):
    """The run has no DuckDB file to work on."""


@dataclass(frozen=True)
class Build:
    """What a run builds. `changed_days` are those whose rows differ from the published build this one started from.

    `silver_versions` (feed → day → version) and `batches` (feed → ids in bronze) tell what it is built from.
    `base_build_id` is None, and everything is built in full, where nothing is published, or other code built it, or it
    cannot be used any more: then `base_damage` says why.
    """

    folder: Path
    run_id: str
    as_of: datetime
    as_of_basis: AsOfBasis
    base_build_id: str | None
    changed_days: tuple[str, ...]
    silver_versions: Versions
    batches: dict[str, list[str]]
    dbt_digest: str
    base_damage: str | None = None

    @property
    def database(self) -> Path:
        """The DuckDB file of this run."""
        return self.folder / DATABASE_NAME

    @property
    def is_full(self) -> bool:
        """Whether every table is built from all of silver."""
        return self.base_build_id is None


def start_build(lake: Lake, run_id: str, dbt_digest: str) -> Build:
    """Makes the run's folder and file: a copy of what is published, or an empty one."""
    settings = lake.settings
    folder = settings.build_dir / run_id
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    published = read_published(settings)
    counts = {feed: silver_counts(settings.silver_dir, feed) for feed in lake.contracts}
    versions = {feed: {c.day: c.version for c in days} for feed, days in counts.items()}
    as_of, basis = resolve_as_of(lake, versions)
    broken = damage(settings.current_dir) if os.path.lexists(settings.current_dir) else None
    base = published if published and not broken and published.get("dbt_digest") == dbt_digest else None
    if base is not None:
        copy_file(settings.current_dir / DATABASE_NAME, folder / DATABASE_NAME)
    build = Build(
        folder=folder,
        run_id=run_id,
        as_of=as_of,
        as_of_basis=basis,
        base_build_id=str(base["build_id"]) if base else None,
        changed_days=_changed_days(base["silver_versions"], versions) if base else (),
        silver_versions=versions,
        batches={feed: sorted({i for c in days for i in c.batches}) for feed, days in counts.items()},
        dbt_digest=dbt_digest,
        base_damage=broken,
    )
    body = asdict(build) | {"folder": str(folder), "as_of": as_of.isoformat()}
    write_text(folder / "build.json", json.dumps(body, indent=1))
    return build


def read_build(settings: Settings, run_id: str) -> Build:
    """The build that the run started. Raises NoBuildError where it started none."""
    path = settings.build_dir / run_id / "build.json"
    if not path.exists():
        raise NoBuildError(
            f"Run {run_id} has no build: the marts were not materialised in it. Materialise the marts and what follows "
            "them in one run (`sentinel build` does)."
        )
    body = json.loads(path.read_text(encoding="utf-8"))
    return Build(
        **body
        | {
            "folder": Path(body["folder"]),
            "as_of": datetime.fromisoformat(body["as_of"]),
            "changed_days": tuple(body["changed_days"]),
        }
    )


def resolve_as_of(lake: Lake, versions: Versions) -> tuple[datetime, AsOfBasis]:
    """The one moment that everything 'current' is relative to, and why it is that one.

    The setting fixes it. Otherwise it is the hour of the run, or, where the newest event of every event feed is over
    24 hours older, the hour after the newest event.
    """
    if lake.settings.as_of:
        return lake.settings.as_of, "setting"
    newest = [moment for feed in lake.contracts if (moment := newest_event(lake, feed, versions[feed]))]
    if not newest or lake.as_of - max(newest) <= HISTORICAL_AFTER:
        return lake.as_of, "clock"
    last = max(newest).replace(minute=0, second=0, microsecond=0)
    return last + timedelta(hours=1), "newest_event"


def newest_event(lake: Lake, feed: str, versions: Mapping[str, str]) -> datetime | None:
    """The newest event time of a feed; None for a snapshot feed or one without rows."""
    event_time = lake.contracts[feed].event_time
    if event_time is None:
        return None
    for day in sorted(versions, reverse=True):
        path = silver_file(lake.settings.silver_dir, feed, day)
        newest = pl.scan_parquet(path, hive_partitioning=False).select(pl.col(event_time).max()).collect().item()
        if isinstance(newest, datetime):
            return newest
    return None


def prune_builds(settings: Settings, keep: str) -> None:
    """Removes what other runs left: their folders, and what killed ones did not finish; call it only under the build lock."""
    for folder in settings.build_dir.glob("*"):
        if folder.is_dir() and folder.name != keep:
            shutil.rmtree(folder, ignore_errors=True)
    for scratch in (settings.report_scratch, settings.verify_scratch):
        shutil.rmtree(scratch, ignore_errors=True)
    sweep(settings.data_dir, settings.dagster_home)
    sweep(settings.inbox_dir)


def git_revision(folder: Path) -> str:
    """The commit of the code that builds, from git's own files; 'unknown' where there are none."""
    head = os.environ.get("SENTINEL_GIT_REVISION")
    if head:
        return head[:12]
    try:
        content = (folder / ".git" / "HEAD").read_text(encoding="utf-8").strip()
        if not content.startswith("ref: "):
            return content[:12]
        return (folder / ".git" / content[5:]).read_text(encoding="utf-8").strip()[:12]
    except OSError:
        return "unknown"


def made_by(lake: Lake, dbt_digest: str) -> dict[str, str]:
    """Name → version of everything but data that a build's rows depend on."""
    contracts = {f"contract of {feed}": contract.digest for feed, contract in lake.contracts.items()}
    libraries = {name: metadata.version(name) for name in ("duckdb", "polars")}
    return {
        "code revision": git_revision(PROJECT_DIR),
        "dbt project": dbt_digest,
        "gate": GATE_VERSION,
        **contracts,
        **libraries,
    }


def _changed_days(before: object, after: Versions) -> tuple[str, ...]:
    """Days of event feeds whose version differs, came, or went."""
    old: Versions = before if isinstance(before, dict) else {}
    changed: set[str] = set()
    for feed in set(old) | set(after):
        was, now = old.get(feed, {}), after.get(feed, {})
        changed |= {day for day in set(was) | set(now) if day and was.get(day) != now.get(day)}
    return tuple(sorted(changed))
