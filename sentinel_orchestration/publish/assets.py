"""The last two nodes of the graph: the published warehouse and the report built from it, and the job that rolls back."""

from collections.abc import Callable, Sequence

import dagster as dg

from sentinel_orchestration.lake.run import run_lake
from sentinel_orchestration.publish.manifest import Manifest
from sentinel_orchestration.publish.release import CONSEQUENCE, Graph, RefusedError, cut_release
from sentinel_orchestration.publish.releases import roll_back
from sentinel_orchestration.publish.site import build_site
from sentinel_orchestration.resources import DbtResource, SettingsResource, WarehouseResource
from sentinel_orchestration.warehouse.assets import repair
from sentinel_orchestration.warehouse.translation import WAREHOUSE_POOL

WAREHOUSE_KEY = dg.AssetKey(["published", "warehouse"])
REPORT_KEY = dg.AssetKey(["published", "report"])
HEALTH_KEY = dg.AssetKey(["observe", "health"])  # made by observe/, which looks at what is published
REPORT_POOL = "report"
ROLLBACK_JOB = "rollback"


def publish_assets(tables: Sequence[dg.AssetKey], graph: Callable[[], Graph]) -> list[dg.AssetsDefinition]:
    """The published warehouse, which waits for `tables` and their blocking checks, and the report."""

    @dg.asset(
        key=WAREHOUSE_KEY,
        deps=tables,
        group_name="published",
        owners=["team:data-platform"],
        kinds={"duckdb"},
        tags={"layer": "published"},
        description="The audited DuckDB file that every reader opens, swapped in whole; the last few releases are kept.",
        pool=WAREHOUSE_POOL,
    )
    def warehouse(
        context: dg.AssetExecutionContext, settings: SettingsResource, dbt: DbtResource, warehouse: WarehouseResource
    ) -> dg.MaterializeResult[None]:
        repair(warehouse, context.log.warning)
        lake = run_lake(context, settings.load())
        try:
            manifest, unchanged = cut_release(lake, context.instance, dbt, warehouse, graph())
        except RefusedError as error:
            why = {CONSEQUENCE: True} if error.is_consequence else {}
            raise dg.Failure(str(error), metadata=why, allow_retries=False) from None
        context.log.info(f"release {manifest.release_id} {'is published already' if unchanged else 'published'}")
        return dg.MaterializeResult(
            metadata={
                "release_id": manifest.release_id,
                "as_of": manifest.as_of.isoformat(),
                "verdict": manifest.verdict,
                "unchanged": unchanged,
                "tables": dg.MetadataValue.md(_tables(manifest)),
                "path": dg.MetadataValue.path(str(lake.layout.current)),
            },
            data_version=dg.DataVersion(manifest.release_id),
        )

    @dg.asset(
        key=REPORT_KEY,
        deps=[WAREHOUSE_KEY, HEALTH_KEY],
        group_name="published",
        owners=["team:data-platform"],
        kinds={"evidence", "javascript"},
        tags={"layer": "published"},
        description="The static report, a page for each persona, built from the published warehouse.",
        pool=REPORT_POOL,
    )
    def report(context: dg.AssetExecutionContext, settings: SettingsResource) -> dg.MaterializeResult[None]:
        loaded = settings.load()
        made = build_site(loaded, context.log.info, context.log.warning)
        return dg.MaterializeResult(
            metadata={
                "release_id": made.release_id,
                "files": made.files,
                "bytes": made.size_bytes,
                "unchanged": made.unchanged,
                "path": dg.MetadataValue.path(str(loaded.layout.site)),
            },
            data_version=dg.DataVersion(made.release_id),
        )

    return [warehouse, report]


def rollback_job() -> dg.JobDefinition:
    """Puts the release before the current one back. A job, so that it waits for its turn among runs that publish."""

    @dg.op(name="roll_back", pool=WAREHOUSE_POOL)
    def swap(context: dg.OpExecutionContext, settings: SettingsResource) -> None:
        back, replaced = roll_back(settings.load().layout)
        context.log.info(f"{back} is published again; {replaced} was replaced.")

    @dg.job(name=ROLLBACK_JOB, description="Puts the release before the current one back, with its report.")
    def rollback() -> None:
        swap()

    return rollback


def _tables(manifest: Manifest) -> str:
    lines = [f"| {name} | {table.rows:,} | `{table.sha256[:12]}` |" for name, table in manifest.tables.items()]
    return "\n".join(["| table | rows | sha256 |", "|---|---|---|", *lines])
