"""What is removed by age and count, so that a machine that builds each hour for a year does not fill its disk.

One more kind of thing that piles up is one more entry of KINDS.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg
from rich.filesize import decimal

from sentinel_orchestration.automation.old_runs import old_runs
from sentinel_orchestration.lake.assets import POOL as LAKE_POOL
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.spent_batches import spent_batches
from sentinel_orchestration.publish.releases import needed_batches, surplus_releases
from sentinel_orchestration.resources import SettingsResource
from sentinel_orchestration.settings import Settings, newest_full_hour
from sentinel_orchestration.surplus import Surplus
from sentinel_orchestration.warehouse.translation import WAREHOUSE_POOL

RETENTION_JOB = "retention"


@dataclass(frozen=True)
class Kind:
    """A kind of thing that piles up: the pool to hold while it is removed, and what is too much of it."""

    name: str
    pool: str | None
    surplus: Callable[[Settings, dg.DagsterInstance], list[Surplus]]

    @property
    def step(self) -> str:
        """The step that removes it."""
        return f"prune_{self.name}"


def _releases(settings: Settings, instance: dg.DagsterInstance) -> list[Surplus]:
    return surplus_releases(settings.layout, settings.keep_releases)


def _batches(settings: Settings, instance: dg.DagsterInstance) -> list[Surplus]:
    lake = Lake(settings, settings.as_of or newest_full_hour())
    return spent_batches(lake, needed_batches(settings.layout, settings.keep_releases), _oldest(settings))


def _runs(settings: Settings, instance: dg.DagsterInstance) -> list[Surplus]:
    return old_runs(instance, settings.layout, _oldest(settings))


KINDS = (
    Kind("releases", WAREHOUSE_POOL, _releases),
    Kind("batches", LAKE_POOL, _batches),
    Kind("runs", None, _runs),
)


def retention_job() -> dg.JobDefinition:
    """Removes what is too much of each kind, one step per kind."""

    @dg.job(
        name=RETENTION_JOB,
        description="Removes old releases, batches that nothing needs, and runs that ended long ago.",
    )
    def retention() -> None:
        for kind in KINDS:
            _step(kind)()

    return retention


def _step(kind: Kind) -> dg.OpDefinition:
    @dg.op(name=kind.step, pool=kind.pool)
    def prune(context: dg.OpExecutionContext, settings: SettingsResource) -> int:
        """The bytes that were freed."""
        freed = 0
        for surplus in kind.surplus(settings.load(), context.instance):
            surplus.remove()
            freed += surplus.size_bytes
            context.log.info(f"{surplus.what}: {surplus.why} ({decimal(surplus.size_bytes)})")
        context.add_output_metadata({"freed_bytes": freed})
        return freed

    return prune


def _oldest(settings: Settings) -> datetime:
    """The moment before which what ended is old; naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None) - timedelta(days=settings.keep_days)
