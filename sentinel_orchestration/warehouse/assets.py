"""The dbt models as one Dagster step: `dbt build` in this process, its results as materialisations and checks.

Belongs here: the step and what it reports. Does not belong here: calling dbt (project) or specs (translation).
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
import duckdb

from sentinel_orchestration.lake.run import run_lake
from sentinel_orchestration.lock import hold_build_lock
from sentinel_orchestration.settings import Settings
from sentinel_orchestration.warehouse.build import Build, prune_builds, start_build
from sentinel_orchestration.warehouse.lineage import column_lineage
from sentinel_orchestration.warehouse.project import DbtProject
from sentinel_orchestration.warehouse.translation import DbtGraph

BUILT = ("success", "no-op")
PROGRESS_SEC = 1.0


def warehouse_assets(settings: Settings, project: DbtProject) -> dg.AssetsDefinition:
    """Every model, data test and unit test of the dbt project."""
    graph = DbtGraph(project.manifest())

    @dg.multi_asset(
        name="dbt_models",
        specs=[spec.replace_attributes(skippable=True) for spec in graph.models.values()],
        check_specs=list(graph.checks.values()),
        can_subset=True,
    )
    def dbt_models(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        hold_build_lock(settings.build_dir, f"run {context.run_id}", context.log.warning)
        digest = project.digest()
        prune_builds(settings, keep=context.run_id)
        build = start_build(run_lake(context, settings), context.run_id, digest)
        if build.base_damage:
            context.log.warning(f"{build.base_damage}. Everything is built anew; nothing is lost.")
        context.log.info(f"as_of {build.as_of:%Y-%m-%d %H:%M} UTC ({build.as_of_basis}); {_extent(build)}")
        outcome = project.invoke(
            ["build", *_selection(context, graph), *(["--full-refresh"] if build.is_full else [])],
            duckdb_file=build.database,
            variables={"as_of": build.as_of.isoformat(sep=" "), "changed_days": list(build.changed_days)},
            on_event=_progress(context.log.info),
        )
        results = {result.node.unique_id: result for result in outcome.result.results}
        compiled = {
            unique_id: code
            for unique_id, result in results.items()
            if unique_id in graph.models and (code := getattr(result.node, "compiled_code", None))
        }
        lineage = column_lineage(graph.manifest, compiled, project.target / "lineage.json", digest)
        yield from _materialisations(build, graph, results, lineage)
        yield from _check_results(context, graph, results)
        broken = [r for r in results.values() if str(r.status) == "error"]
        if broken:
            raise dg.Failure("\n".join(f"{r.node.name}: {r.message}" for r in broken), allow_retries=False)

    return dbt_models


def _extent(build: Build) -> str:
    if build.is_full:
        return "every table is built in full"
    return f"{len(build.changed_days)} changed days on top of {build.base_build_id}"


def _progress(tell: Callable[[str], None]) -> Callable[[Any], None]:
    """Tells what dbt is at, at most once a second: it is one step, and takes minutes on a large fleet."""
    started, told_at = 0, time.monotonic()

    def follow(event: Any) -> None:
        nonlocal started, told_at
        if event.info.name != "LogStartLine":
            return
        started += 1
        if time.monotonic() - told_at >= PROGRESS_SEC:
            told_at = time.monotonic()
            tell(f"{started} of {event.data.total}: {event.data.description}")

    return follow


def _selection(context: dg.AssetExecutionContext, graph: DbtGraph) -> list[str]:
    if not context.is_subset:
        return []
    chosen = [spec.key.path[-1] for spec in graph.models.values() if spec.key in context.selected_asset_keys]
    chosen += [check.name for check in graph.checks.values() if check.key in context.selected_asset_check_keys]
    return ["--select", *chosen, "--indirect-selection", "empty"]


def _materialisations(
    build: Build, graph: DbtGraph, results: Mapping[str, Any], lineage: Mapping[str, Any]
) -> Iterator[dg.MaterializeResult[None]]:
    built = [i for i, r in results.items() if i in graph.models and str(r.status) in BUILT]
    with duckdb.connect(str(build.database), read_only=True) as connection:
        for unique_id in built:
            spec, node = graph.models[unique_id], graph.manifest["nodes"][unique_id]
            metadata: dict[str, Any] = {
                "dagster/column_schema": _columns(connection, spec.key.path, node["columns"]),
                "dagster/column_lineage": _lineage(graph, lineage.get(unique_id, {})),
                "dagster/relation_identifier": ".".join(spec.key.path),
                "seconds": round(results[unique_id].execution_time, 3),
            }
            if node["config"]["materialized"] != "view":
                count = connection.sql(f'select count(*) from "{spec.key.path[0]}"."{spec.key.path[1]}"').fetchone()
                metadata["dagster/row_count"] = count[0] if count else 0
            yield dg.MaterializeResult(asset_key=spec.key, metadata=metadata)


def _columns(
    connection: duckdb.DuckDBPyConnection, path: Sequence[str], documented: Mapping[str, Any]
) -> dg.TableSchema:
    found = connection.execute(
        "select column_name, data_type from information_schema.columns "
        "where table_schema = ? and table_name = ? order by ordinal_position",
        list(path),
    ).fetchall()
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name, type=kind.lower(), description=documented.get(name, {}).get("description"))
            for name, kind in found
        ]
    )


def _lineage(graph: DbtGraph, columns: Mapping[str, Sequence[Sequence[str]]]) -> dg.TableColumnLineage:
    def key(parent_id: str) -> dg.AssetKey:
        if parent_id in graph.models:
            return graph.models[parent_id].key
        return dg.AssetKey(["silver", graph.manifest["sources"][parent_id]["name"]])

    return dg.TableColumnLineage(
        {
            column: [dg.TableColumnDep(asset_key=key(parent), column_name=name) for parent, name in parents]
            for column, parents in columns.items()
        }
    )


def _check_results(
    context: dg.AssetExecutionContext, graph: DbtGraph, results: Mapping[str, Any]
) -> Iterator[dg.AssetCheckResult]:
    """A result for each check that ran, and a failure for each that could not (its model failed before it)."""
    for unique_id, spec in graph.checks.items():
        if spec.key not in context.selected_asset_check_keys or unique_id not in results:
            continue
        result = results[unique_id]
        status = str(result.status)
        if status == "skipped":
            continue
        is_warning = status == "warn" or (spec.metadata or {}).get("severity") == "warn"
        yield dg.AssetCheckResult(
            asset_key=spec.asset_key,
            check_name=spec.name,
            passed=status in ("pass", "success"),
            severity=dg.AssetCheckSeverity.WARN if is_warning else dg.AssetCheckSeverity.ERROR,
            description=result.message or None,
            metadata={"failures": result.failures or 0, "seconds": round(result.execution_time, 3)},
        )
