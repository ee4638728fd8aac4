"""The same graph written the stock way: daily assets gated one day at a time, then `@dbt_assets` with `DbtCliResource`.

It makes the same tables in the same warehouse with the same gate. Where there is a choice, it is the faster one: one run for
all days, in one process, on a manifest that was parsed before. And it does less: no reconciliation or quarantine checks, no
freshness, no volume, no Great Expectations, no release; dbt's unit tests run, but `@dbt_assets` cannot carry them as checks.

Run as `python -m benchmarks.stock`; sizes come from the SENTINEL_* variables, as for the graph.
"""

import sys
from collections.abc import Iterator
from datetime import date
from typing import Any, cast

import dagster as dg
import duckdb
import polars as pl
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets, get_asset_key_for_model

from sentinel_orchestration.contracts import Contract
from sentinel_orchestration.feeds.simulator import simulate_days, simulate_snapshot
from sentinel_orchestration.feeds.sources import world_of
from sentinel_orchestration.lake.columns import DAY, ORDER, RECEIVED, ROW
from sentinel_orchestration.lake.counts import DayCounts, file_metadata
from sentinel_orchestration.lake.foreign_keys import ForeignKeys
from sentinel_orchestration.lake.gate import conform_frame, gate
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.layout import SNAPSHOT_DAY
from sentinel_orchestration.settings import load_settings, newest_full_hour, window_days
from sentinel_orchestration.warehouse.python_marts import PythonMart, python_marts


def main() -> int:
    """Materializes everything in one run; exit code 0 if it succeeded."""
    settings = load_settings()
    lake = Lake(settings, settings.as_of or newest_full_hour())
    layout = lake.layout
    for folder in (layout.warehouse.parent, layout.dagster):
        folder.mkdir(parents=True, exist_ok=True)
    project = DbtProject(settings.dbt_dir, target_path=layout.dbt_target, profiles_dir=settings.dbt_dir)
    if not project.manifest_path.exists():
        project.preparer.prepare(project)
    days = window_days(lake.as_of, settings.days)
    with dg.DagsterInstance.local_temp(str(layout.dagster)) as instance:
        result = dg.materialize(
            [*lake_assets(lake, days), *warehouse_assets(lake, project)],
            instance=instance,
            resources={"dbt": DbtCliResource(project_dir=project)},
            tags={"dagster/asset_partition_range_start": days[0], "dagster/asset_partition_range_end": days[-1]},
        )
    return 0 if result.success else 1


def lake_assets(lake: Lake, days: list[str]) -> Iterator[dg.AssetsDefinition]:
    """Bronze and silver of every feed, the event feeds by day."""
    daily = dg.DailyPartitionsDefinition(days[0], end_offset=1)
    for contract in lake.contracts.values():
        by_day: dict[str, Any] = (
            {"partitions_def": daily, "backfill_policy": dg.BackfillPolicy.single_run()}
            if contract.kind == "event"
            else {}
        )
        yield _bronze(lake, contract, by_day)
        yield _silver(lake, contract, by_day)


def warehouse_assets(lake: Lake, project: DbtProject) -> list[dg.AssetsDefinition]:
    """The marts of dbt, what Python makes of them, and the reports of dbt, which read both."""

    @dbt_assets(manifest=project.manifest_path, project=project, exclude="reports")
    def marts(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        yield from dbt.cli(["build"], context=context).stream()

    @dbt_assets(manifest=project.manifest_path, project=project, select="reports")
    def reports(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        yield from dbt.cli(["build"], context=context).stream()

    return [marts, *(_python_mart(lake, mart, marts) for mart in python_marts()), reports]


def _bronze(lake: Lake, contract: Contract, by_day: dict[str, Any]) -> dg.AssetsDefinition:
    folder = lake.layout.bronze / contract.feed

    @dg.asset(key=["bronze", contract.feed], **by_day)  # type: ignore[untyped-decorator]
    def bronze(context: dg.AssetExecutionContext) -> None:
        folder.mkdir(parents=True)
        if not by_day:
            rows = simulate_snapshot(contract.feed, world_of(lake.settings), lake.as_of)
            rows.write_parquet(folder / f"{SNAPSHOT_DAY}.parquet")
            return
        days = list(context.partition_keys)
        simulated = simulate_days(contract.feed, world_of(lake.settings), map(date.fromisoformat, days), lake.as_of)
        for day, rows in zip(days, simulated, strict=True):
            rows.write_parquet(folder / f"{day}.parquet")

    return cast("dg.AssetsDefinition", bronze)


def _silver(lake: Lake, contract: Contract, by_day: dict[str, Any]) -> dg.AssetsDefinition:
    read = [("bronze", contract.feed), *(("silver", reference.feed) for _, reference in contract.references)]
    upstream = [dg.AssetKey(key) for key in dict.fromkeys(read)]

    @dg.asset(key=["silver", contract.feed], deps=upstream, **by_day)  # type: ignore[untyped-decorator]
    def silver(context: dg.AssetExecutionContext) -> None:
        references = ForeignKeys(lake, contract)
        for day in context.partition_keys if by_day else [SNAPSHOT_DAY]:
            gate_day(lake, contract, references, day)

    return cast("dg.AssetsDefinition", silver)


def gate_day(lake: Lake, contract: Contract, references: ForeignKeys, day: str) -> None:
    """Splits one day, or a snapshot, into silver and quarantine."""
    raw = pl.read_parquet(lake.layout.bronze / contract.feed / f"{day}.parquet").with_columns(
        pl.lit(day).alias(DAY), pl.lit(0, dtype=pl.UInt32).alias(ORDER), pl.lit(lake.as_of).alias(RECEIVED)
    )
    gated = gate(conform_frame(raw.with_row_index(ROW, offset=1), contract), contract, references.values([day]))
    counts = DayCounts(
        day=day,
        version="1",
        received=raw.height,
        good=gated.good.height,
        quarantined=gated.quarantined.height,
        superseded=0,
        duplicates=gated.duplicates.height,
    )
    path = lake.layout.silver_file(contract.feed, day)
    path.parent.mkdir(parents=True)
    gated.good.drop(DAY).write_parquet(path, metadata=file_metadata(counts))
    if counts.quarantined:
        path = lake.layout.quarantine_file(contract.feed, day)
        path.parent.mkdir(parents=True)
        gated.quarantined.write_parquet(path)


def _python_mart(lake: Lake, mart: PythonMart, marts: dg.AssetsDefinition) -> dg.AssetsDefinition:
    @dg.asset(key=["marts", mart.name], deps=[get_asset_key_for_model([marts], name) for name in mart.reads])
    def table() -> None:
        with duckdb.connect(str(lake.layout.warehouse)) as connection:
            rows = mart.compute(connection).select(*mart.columns)
            connection.register("computed", rows.to_arrow())
            connection.execute(f'create or replace table marts."{mart.name}" as from computed')

    return table


if __name__ == "__main__":
    sys.exit(main())
