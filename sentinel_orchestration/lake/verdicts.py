"""What the checks on bronze and silver say: batches accepted, no extra columns, nothing lost, few rows quarantined.

Belongs here: specs and results of these checks. Does not belong here: the assets they stand on (assets).
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import dagster as dg
import polars as pl

from sentinel_orchestration.contracts import Contract
from sentinel_orchestration.lake.batches import BatchRecord
from sentinel_orchestration.lake.conform import listed
from sentinel_orchestration.lake.counts import DayCounts, silver_file
from sentinel_orchestration.settings import Settings

BATCHES_ACCEPTED, QUARANTINE_RATE, ROWS_RECONCILE, NO_EXTRA_COLUMNS = (
    "batches_accepted",
    "quarantine_rate",
    "rows_reconcile",
    "no_extra_columns",
)


def bronze_specs(contract: Contract, key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """The checks on a bronze asset."""
    return [
        _spec(BATCHES_ACCEPTED, contract, key, "No batch was refused for its shape.", blocking=True),
        _spec(NO_EXTRA_COLUMNS, contract, key, "Batches hold no column beyond the contract.", blocking=False),
    ]


def silver_specs(contract: Contract, key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """The checks of the gate on a silver asset."""
    rate = f"At most {contract.max_quarantine_share:.1%} of the received rows are quarantined."
    return [
        _spec(ROWS_RECONCILE, contract, key, "Received = good + quarantined + superseded + duplicates.", blocking=True),
        _spec(QUARANTINE_RATE, contract, key, rate, blocking=True),
    ]


def refusals(contract: Contract, key: dg.AssetKey, received: Sequence[BatchRecord]) -> dg.AssetCheckResult:
    """Fails where a batch was refused, and says why and what to mend."""
    refused = [record for record in received if record.refused_because]
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=BATCHES_ACCEPTED,
        passed=not refused,
        description="\n".join(
            f"{record.refused_because} Mend or remove inbox/{contract.feed}/{record.source_file}." for record in refused
        )
        or f"{len(received)} batches accepted.",
        metadata={"batches": len(received), "refused": len(refused)},
    )


def extra_columns(key: dg.AssetKey, received: Iterable[BatchRecord]) -> dg.AssetCheckResult:
    """Warns of columns beyond the contract."""
    extra = sorted({name for record in received for name in record.extra_columns})
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=NO_EXTRA_COLUMNS,
        passed=not extra,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"Kept in bronze, left out of silver: {listed(extra)}" if extra else "None.",
    )


def reconciliation(
    key: dg.AssetKey, settings: Settings, contract: Contract, counts: Sequence[DayCounts]
) -> dg.AssetCheckResult:
    """Counts the rows on disk anew: what the gate says of itself is not proof."""
    good = _rows_on_disk([silver_file(settings.silver_dir, contract.feed, c.day) for c in counts])
    rejected = _rows_on_disk([silver_file(settings.quarantine_dir, contract.feed, c.day) for c in counts])
    received = sum(c.received for c in counts)
    duplicates = sum(c.duplicates for c in counts)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=ROWS_RECONCILE,
        passed=received == good + rejected + duplicates,
        description=f"{received:,} received = {good:,} good + {rejected:,} set aside + {duplicates:,} duplicates",
        metadata={"received": received, "good": good, "set_aside": rejected, "duplicates": duplicates},
    )


def _rows_on_disk(paths: Sequence[Path]) -> int:
    present = [path for path in paths if path.exists()]
    if not present:
        return 0
    return int(pl.scan_parquet(present, hive_partitioning=False).select(pl.len()).collect().item())


def quarantine_rate(key: dg.AssetKey, contract: Contract, counts: Sequence[DayCounts]) -> dg.AssetCheckResult:
    """Fails where more rows are quarantined than the contract allows."""
    received = sum(c.received for c in counts)
    quarantined = sum(c.quarantined for c in counts)
    share = quarantined / received if received else 0.0
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=QUARANTINE_RATE,
        passed=share <= contract.max_quarantine_share,
        description=f"{quarantined:,} of {received:,} rows ({share:.2%}); the limit is {contract.max_quarantine_share:.1%}.",
        metadata={"quarantined": quarantined, "share": share, "limit_share": contract.max_quarantine_share},
    )


def _spec(name: str, contract: Contract, key: dg.AssetKey, description: str, blocking: bool) -> dg.AssetCheckSpec:
    kind = "reconciliation" if name == ROWS_RECONCILE else "gate"
    about = {"kind": kind, "severity": "error" if blocking else "warn", "domain": contract.domain}
    return dg.AssetCheckSpec(name, asset=key, description=description, blocking=blocking, metadata=about)
