"""Great Expectations suites as asset checks, run in one step.

Belongs here: calling GX and turning its answers into check results. Does not belong here: thresholds (suites). GX is
imported only when the step runs (it takes seconds), sees small pandas frames only, and sends nothing anywhere.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from sentinel_orchestration.checks.suites import SUITES, Suite, drift_expectations, drift_query, sample_query
from sentinel_orchestration.settings import Settings
from sentinel_orchestration.warehouse.build import read_build

EXPECTATIONS = "expectations"


def expectation_checks(settings: Settings) -> dg.AssetChecksDefinition:
    """One check a suite. The one on the mart is blocking, so that publishing waits for all of them."""

    @dg.multi_asset_check(
        name="great_expectations",
        specs=[
            dg.AssetCheckSpec(
                EXPECTATIONS,
                asset=dg.AssetKey(suite.asset),
                description=f"{len(suite.expectations)} expectations on the distribution, {len(suite.drift)} on drift.",
                blocking=suite.asset[0] == "marts",
                metadata={"kind": "expectation", "severity": suite.severity, "domain": suite.domain},
            )
            for suite in SUITES
        ],
        can_subset=True,
    )
    def great_expectations(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        wanted = {check.asset_key for check in context.selected_asset_check_keys}
        for suite in SUITES:
            key = dg.AssetKey(suite.asset)
            if key in wanted:
                results = _validate(suite, *_source(settings, context.run.run_id, suite))
                yield _result(suite, key, results)

    return great_expectations


def _source(settings: Settings, run_id: str, suite: Suite) -> tuple[Path | None, str]:
    """(DuckDB file or None, relation) where the suite's rows lie."""
    layer, name = suite.asset
    if layer == "silver":
        glob = str(settings.silver_dir / name / "day=*" / "part.parquet").replace("'", "''")
        return None, f"read_parquet('{glob}', hive_partitioning = false)"
    return read_build(settings, run_id).database, f"{layer}.{name}"


def _validate(suite: Suite, database: Path | None, relation: str) -> list[Any]:
    """GX's result of every expectation of the suite."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)  # else it leaves a temporary folder a context
    context = gx.get_context(mode="ephemeral", project_config=DataContextConfig(store_backend_defaults=stores))
    context.variables.progress_bars = {"globally": False}
    with duckdb.connect(str(database) if database else ":memory:", read_only=database is not None) as connection:
        frames = {
            "sample": (connection.sql(sample_query(suite, relation)).df(), suite.expectations),
            "drift": (connection.sql(drift_query(suite, relation)).df(), drift_expectations(suite)),
        }
    results: list[Any] = []
    for name, (frame, expectations) in frames.items():
        source = context.data_sources.add_pandas(name)
        batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe(name)
        expected = gx.ExpectationSuite(
            name, [getattr(gx.expectations, kind)(**keywords) for kind, keywords in expectations]
        )
        # Batch.validate, not a ValidationDefinition: the latter stores its result as JSON and chokes on NumPy booleans.
        results += batch.get_batch(batch_parameters={"dataframe": frame}).validate(expected).results
    return results


def _result(suite: Suite, key: dg.AssetKey, results: Sequence[Any]) -> dg.AssetCheckResult:
    failed = [result for result in results if not result.success]
    rows = "\n".join(f"| {_name(r)} | {_observed(r)} | {'met' if r.success else '**not met**'} |" for r in results)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=EXPECTATIONS,
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR if suite.severity == "error" else dg.AssetCheckSeverity.WARN,
        description="; ".join(f"{_name(r)}: {_observed(r)}" for r in failed) or f"All {len(results)} met.",
        metadata={
            "expectations": len(results),
            "not_met": len(failed),
            "observed": dg.MetadataValue.md(f"| expectation | observed | |\n|---|---|---|\n{rows}"),
        },
    )


def _name(result: Any) -> str:
    config = result.expectation_config
    kind = config.type.removeprefix("expect_column_").replace("_", " ")
    return f"{config.kwargs['column']}: {kind}"


def _observed(result: Any) -> str:
    if result.exception_info and result.exception_info.get("raised_exception"):
        return f"could not be judged: {result.exception_info.get('exception_message')}"
    found = result.result
    value = found.get("observed_value", found.get("partial_unexpected_list"))
    if isinstance(value, dict):
        value = value.get("values")
    if isinstance(value, list):
        return ", ".join(f"{v:.4g}" if isinstance(v, float) else str(v) for v in value[:5]) or "within limits"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
