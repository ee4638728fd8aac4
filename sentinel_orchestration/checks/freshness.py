"""Is the newest event recent by the clock? `dbt source freshness`, a check a feed.

Belongs here: the one place that looks at the clock. A stale feed warns or errs, shows on every page, and blocks nothing.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from sentinel_orchestration.contracts import Contract, load_contracts
from sentinel_orchestration.settings import Settings
from sentinel_orchestration.warehouse.project import DbtProject

FRESHNESS = "freshness"


def freshness_checks(settings: Settings, project: DbtProject) -> dg.AssetChecksDefinition:
    """A check on silver of every feed whose contract sets a limit."""
    limited = [contract for contract in load_contracts().values() if contract.freshness_error_hours is not None]

    @dg.multi_asset_check(
        name="source_freshness",
        specs=[_spec(contract) for contract in limited],
        can_subset=True,
        op_tags={"dagster/priority": "1"},  # before dbt build, so that what is published can show it
    )
    def source_freshness(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        outcome = project.invoke(
            ["source", "freshness", "--target", "mem"],
            duckdb_file=settings.data_dir / "dbt" / "freshness" / "sentinel.duckdb",
        )
        results = {result.node.name: result for result in outcome.result.results}
        wanted = {check.asset_key.path[-1] for check in context.selected_asset_check_keys}
        for contract in limited:
            if contract.feed in wanted:
                yield _result(contract, results.get(contract.feed))

    return source_freshness


def _spec(contract: Contract) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        FRESHNESS,
        asset=dg.AssetKey(["silver", contract.feed]),
        description=(
            f"The newest {contract.event_time} is at most {contract.freshness_warn_hours:g} h old "
            f"(error over {contract.freshness_error_hours:g} h)."
        ),
        blocking=False,
        metadata={"kind": "freshness", "severity": "error", "domain": contract.domain},
    )


def _result(contract: Contract, result: Any) -> dg.AssetCheckResult:
    limits = {"warn_after_hours": contract.freshness_warn_hours, "error_after_hours": contract.freshness_error_hours}
    newest = getattr(result, "max_loaded_at", None)
    if newest is None:
        message = getattr(result, "message", None) or "dbt gave no result for it"
        return dg.AssetCheckResult(
            asset_key=dg.AssetKey(["silver", contract.feed]),
            check_name=FRESHNESS,
            passed=False,
            description=f"No newest event: {message}",
            metadata=limits,
        )
    status = str(result.status)
    newest = newest.astimezone(UTC).replace(tzinfo=None) if newest.tzinfo else newest
    checked = datetime.now(UTC).replace(tzinfo=None)
    hours = (checked - newest).total_seconds() / 3600
    return dg.AssetCheckResult(
        asset_key=dg.AssetKey(["silver", contract.feed]),
        check_name=FRESHNESS,
        passed=status == "pass",
        severity=dg.AssetCheckSeverity.WARN if status == "warn" else dg.AssetCheckSeverity.ERROR,
        description=f"The newest event is {hours:,.1f} h old ({newest:%Y-%m-%d %H:%M} UTC).",
        metadata={
            **limits,
            "newest_event_at": newest.isoformat(sep=" "),
            "checked_at": checked.isoformat(sep=" ", timespec="seconds"),
            "age_hours": round(hours, 3),
        },
    )
