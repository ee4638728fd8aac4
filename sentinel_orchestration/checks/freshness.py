"""Is the newest event recent by the clock? `dbt source freshness`, one check per feed whose contract sets a limit.

The one place that looks at the clock. A stale feed warns or fails, is shown on every page, and blocks nothing.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from sentinel_orchestration.checks.steps import check_step, step_key
from sentinel_orchestration.contracts import Contract, load_contracts
from sentinel_orchestration.lake.checks import NO_ROWS, VERSION, skipped
from sentinel_orchestration.lake.counts import feed_version, silver_counts
from sentinel_orchestration.lake.silver import keep_schema
from sentinel_orchestration.resources import DbtResource, SettingsResource

FRESHNESS = "freshness"


def freshness_checks() -> dg.AssetsDefinition:
    """A check on silver of every feed with a limit."""
    limited = [c for c in load_contracts().values() if c.freshness_warn_hours or c.freshness_error_hours]

    specs = [_spec(contract) for contract in limited]

    @dg.multi_asset(**check_step(FRESHNESS, "Is the newest event of each feed recent by the clock?", specs))
    def source_freshness(
        context: dg.AssetExecutionContext, settings: SettingsResource, dbt: DbtResource
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        layout = settings.load().layout
        wanted = {check.asset_key.path[-1] for check in context.selected_asset_check_keys}
        chosen = [contract for contract in limited if contract.feed in wanted]
        for contract in chosen:
            keep_schema(layout, contract)
        results = _ask_dbt(dbt, [contract.feed for contract in chosen])
        for contract in chosen:
            version = feed_version(silver_counts(layout, contract.feed))
            yield _result(contract, results.get(contract.feed), version)
        if context.selected_asset_keys:
            yield dg.MaterializeResult(asset_key=step_key(FRESHNESS))

    return source_freshness


def _ask_dbt(dbt: DbtResource, feeds: Sequence[str]) -> dict[str, Any]:
    """What `dbt source freshness` says of each feed; a step may have none of its checks selected."""
    if not feeds:
        return {}
    sources = [f"source:silver.{feed}" for feed in feeds]
    outcome = dbt.invoke(["source", "freshness", "--target", "mem", "--select", *sources])
    return {result.node.name: result for result in outcome.result.results}


def _spec(contract: Contract) -> dg.AssetCheckSpec:
    limits = [
        f"{word} over {hours:g} h"
        for word, hours in (("warning", contract.freshness_warn_hours), ("error", contract.freshness_error_hours))
        if hours
    ]
    return dg.AssetCheckSpec(
        FRESHNESS,
        asset=dg.AssetKey(["silver", contract.feed]),
        description=f"Age of the newest {contract.event_time} by the clock: {', '.join(limits)}.",
        blocking=False,
        metadata={
            "kind": "freshness",
            "severity": "error" if contract.freshness_error_hours else "warn",
            "domain": contract.domain,
        },
    )


def _result(contract: Contract, result: Any, version: str) -> dg.AssetCheckResult:
    metadata: dict[str, Any] = {VERSION: version}
    limits = {"warn_after_hours": contract.freshness_warn_hours, "error_after_hours": contract.freshness_error_hours}
    metadata |= {name: hours for name, hours in limits.items() if hours}
    key = dg.AssetKey(["silver", contract.feed])
    newest = getattr(result, "max_loaded_at", None)
    if newest is not None and newest.year < 1970:  # of no rows, dbt says the year 1
        return skipped(key, FRESHNESS, version, NO_ROWS)
    if newest is None:
        return dg.AssetCheckResult(
            asset_key=key,
            check_name=FRESHNESS,
            passed=False,
            description=f"dbt could not look: {getattr(result, 'message', None) or 'it gave no result'}",
            metadata=metadata,
        )
    status = str(result.status)
    newest = newest.astimezone(UTC).replace(tzinfo=None) if newest.tzinfo else newest
    checked = datetime.now(UTC).replace(tzinfo=None)
    hours = (checked - newest).total_seconds() / 3600
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=FRESHNESS,
        passed=status == "pass",
        severity=dg.AssetCheckSeverity.WARN if status == "warn" else dg.AssetCheckSeverity.ERROR,
        description=f"The newest event is {hours:,.1f} h old ({newest:%Y-%m-%d %H:%M} UTC).",
        metadata={
            **metadata,
            "newest_event_at": newest.isoformat(sep=" "),
            "checked_at": checked.isoformat(sep=" ", timespec="seconds"),
            "age_hours": round(hours, 3),
        },
    )
