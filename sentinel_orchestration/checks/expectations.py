"""Great Expectations suites as asset checks, one step for silver and one for marts, which only a warehouse can answer for."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from sentinel_orchestration.checks.steps import check_step, step_key
from sentinel_orchestration.checks.suites import SUITES, Suite
from sentinel_orchestration.lake.checks import NO_ROWS, VERSION, skipped
from sentinel_orchestration.lake.counts import feed_version, silver_counts
from sentinel_orchestration.layout import Layout
from sentinel_orchestration.resources import ExpectationsResource, SettingsResource, WarehouseResource
from sentinel_orchestration.warehouse.state import read_states
from sentinel_orchestration.warehouse.translation import WAREHOUSE_POOL

EXPECTATIONS = "expectations"
NEWEST_DAY = "newest_day/"  # in a result's metadata: each figure of the newest full day, whose history is judged too


def expectation_checks() -> tuple[dg.AssetsDefinition, dg.AssetChecksDefinition]:
    """One check per suite: those on silver, and those on marts."""
    silver = [suite for suite in SUITES if suite.asset[0] == "silver"]
    marts = [suite for suite in SUITES if suite.asset[0] != "silver"]

    specs, description = [_spec(suite) for suite in silver], "Are the distributions of each feed plausible?"

    # Last of the steps that could work now: Great Expectations is still being imported.
    @dg.multi_asset(**check_step(EXPECTATIONS, description, specs), op_tags={"dagster/priority": "-1"})
    def silver_expectations(
        context: dg.AssetExecutionContext, settings: SettingsResource, expectations: ExpectationsResource
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        layout = settings.load().layout
        for suite in _selected(context, silver):
            counts = silver_counts(layout, suite.asset[1])
            version = feed_version(counts)
            if not any(c.good for c in counts):
                yield skipped(dg.AssetKey(suite.asset), EXPECTATIONS, version, NO_ROWS)
                continue
            findings = expectations.findings("/".join(suite.asset), None, _silver_relation(layout, suite))
            yield check_result(suite, findings, version)
        if context.selected_asset_keys:
            yield dg.MaterializeResult(asset_key=step_key(EXPECTATIONS))

    @dg.multi_asset_check(
        name="mart_expectations", specs=[_spec(suite) for suite in marts], can_subset=True, pool=WAREHOUSE_POOL
    )
    def mart_expectations(
        context: dg.AssetCheckExecutionContext,
        settings: SettingsResource,
        warehouse: WarehouseResource,
        expectations: ExpectationsResource,
    ) -> Iterator[dg.AssetCheckResult]:
        with warehouse.get_connection() as connection:
            states = read_states(connection)
        for suite in _selected(context, marts):
            built = states.get(suite.asset[1])
            version = built.version if built else "never built"
            if built and not built.rows:
                yield skipped(dg.AssetKey(suite.asset), EXPECTATIONS, version, NO_ROWS)
                continue
            findings = expectations.findings("/".join(suite.asset), warehouse.database, ".".join(suite.asset))
            yield check_result(suite, findings, version)

    return silver_expectations, mart_expectations


def check_result(suite: Suite, findings: list[dict[str, Any]], version: str) -> dg.AssetCheckResult:
    """The check of a suite, with every observed value, and the figures of the newest full day as numbers."""
    unmet = [finding for finding in findings if not finding["met"]]
    rows = "\n".join(f"| {f['name']} | {f['observed']} | {'met' if f['met'] else '**not met**'} |" for f in findings)
    return dg.AssetCheckResult(
        asset_key=dg.AssetKey(suite.asset),
        check_name=EXPECTATIONS,
        passed=not unmet,
        severity=dg.AssetCheckSeverity.ERROR if suite.severity == "error" else dg.AssetCheckSeverity.WARN,
        description="; ".join(f"{f['name']}: {f['observed']}" for f in unmet) or f"All {len(findings)} met.",
        metadata={
            VERSION: version,
            "expectations": len(findings),
            "not_met": len(unmet),
            **{f"{NEWEST_DAY}{name}": value for f in findings for name, value in f["newest_day"].items()},
            "observed": dg.MetadataValue.md(f"| expectation | observed | |\n|---|---|---|\n{rows}"),
        },
    )


def _spec(suite: Suite) -> dg.AssetCheckSpec:
    """Blocking on a mart, so that a release waits for it; a suite of severity `warn` stops nothing all the same."""
    return dg.AssetCheckSpec(
        EXPECTATIONS,
        asset=dg.AssetKey(suite.asset),
        description=f"{len(suite.expectations)} expectations on the distribution, {len(suite.drift)} on drift.",
        blocking=suite.asset[0] != "silver",
        metadata={"kind": "expectation", "severity": suite.severity, "domain": suite.domain},
    )


def _selected(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext, suites: Sequence[Suite]
) -> list[Suite]:
    wanted = {check.asset_key for check in context.selected_asset_check_keys}
    return [suite for suite in suites if dg.AssetKey(suite.asset) in wanted]


def _silver_relation(layout: Layout, suite: Suite) -> str:
    """The suite's rows as SQL; a feed without rows has a file with its columns."""
    pattern = layout.silver_pattern(suite.asset[1]).replace("'", "''")
    return f"read_parquet('{pattern}', hive_partitioning = false)"
