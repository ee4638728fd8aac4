"""The history as an asset: read before each report, and between releases by the job that shows a failure."""

from collections.abc import Callable

import dagster as dg

from sentinel_orchestration.internals import AssetGraph
from sentinel_orchestration.observe.exports import write_exports
from sentinel_orchestration.observe.health import write_health
from sentinel_orchestration.observe.history import History
from sentinel_orchestration.observe.recorder import record
from sentinel_orchestration.publish.assets import HEALTH_KEY, WAREHOUSE_KEY
from sentinel_orchestration.resources import SettingsResource


def observe_assets(graph: Callable[[], AssetGraph]) -> list[dg.AssetsDefinition]:
    """What the report shows of the pipeline itself. It comes after the release, to know how that went."""

    @dg.asset(
        key=HEALTH_KEY,
        deps=[WAREHOUSE_KEY],
        group_name="observe",
        owners=["team:data-platform"],
        kinds={"duckdb"},
        tags={"layer": "observe"},
        description="Runs, checks, incidents and budgets of the pipeline itself, as the report shows them.",
    )
    def health(context: dg.AssetExecutionContext, settings: SettingsResource) -> dg.MaterializeResult[None]:
        layout = settings.load().layout
        history = History(layout)
        record(history, context.instance, graph())
        shown = write_health(history, layout)
        write_exports(layout)
        return dg.MaterializeResult(
            metadata={"verdict": shown.verdict, "open_incidents": shown.open_incidents, "path": str(layout.health)},
            data_version=dg.DataVersion(shown.digest),
        )

    return [health]
