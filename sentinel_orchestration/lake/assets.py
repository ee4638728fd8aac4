"""The Dagster assets of the lake: for each contract one bronze and one silver asset, made from the contract alone.

Belongs here: specs, checks and metadata of those assets. Does not belong here: the work itself (received, silver).
"""

import hashlib
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import dagster as dg
import polars as pl

from sentinel_orchestration.contracts import Contract, load_contracts
from sentinel_orchestration.lake.batches import BatchRecord
from sentinel_orchestration.lake.counts import DayCounts, silver_file
from sentinel_orchestration.lake.gate import GATE_VERSION
from sentinel_orchestration.lake.run import covered_days, daily_partitions, run_lake
from sentinel_orchestration.lake.silver import gate_feed
from sentinel_orchestration.lake.summaries import batch_metadata, column_schema, gate_metadata
from sentinel_orchestration.settings import Settings

BATCHES_ACCEPTED, QUARANTINE_RATE, ROWS_RECONCILE, NO_EXTRA_COLUMNS = (
    "batches_accepted",
    "quarantine_rate",
    "rows_reconcile",
    "no_extra_columns",
)


def lake_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """Bronze and silver of every contract."""
    partitions = daily_partitions(settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # backfill_policy; Dagster is pinned exactly
        return [
            make(contract, settings, partitions if contract.kind == "event" else None)
            for contract in load_contracts().values()
            for make in (_bronze_asset, _silver_asset)
        ]


def _bronze_asset(
    contract: Contract, settings: Settings, partitions: dg.PartitionsDefinition[str] | None
) -> dg.AssetsDefinition:
    key = dg.AssetKey(["bronze", contract.feed])

    @dg.asset(  # type: ignore[untyped-decorator]  # the overloads cannot see into **
        **_common(contract, key, partitions),
        description=f"{contract.description} As received, with where each batch came from.",
        check_specs=[
            _spec(BATCHES_ACCEPTED, contract, key, "No batch was refused for its shape.", blocking=True),
            _spec(NO_EXTRA_COLUMNS, contract, key, "Batches hold no column beyond the contract.", blocking=False),
        ],
    )
    def bronze(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        days = covered_days(context)
        lake = run_lake(context, settings)
        received = lake.receive(contract.feed, days)
        if not lake.active(contract.feed):
            raise dg.Failure(_nothing_received(contract, received), allow_retries=False)
        active = {day: rs for day, rs in lake.active(contract.feed).items() if days is None or day in set(days)}
        batches = {record.batch_id: record for records in active.values() for record in records}
        yield dg.MaterializeResult(
            metadata=batch_metadata(lake, contract.feed, active), data_version=_data_version(list(batches))
        )
        yield _refusals(contract, key, received)
        extra = sorted({name for record in batches.values() for name in record.extra_columns})
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name=NO_EXTRA_COLUMNS,
            passed=not extra,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"Kept in bronze, left out of silver: {', '.join(extra)}" if extra else "None.",
        )

    return cast("dg.AssetsDefinition", bronze)


def _silver_asset(
    contract: Contract, settings: Settings, partitions: dg.PartitionsDefinition[str] | None
) -> dg.AssetsDefinition:
    key = dg.AssetKey(["silver", contract.feed])
    references = sorted({reference.feed for _, reference in contract.references})

    @dg.asset(  # type: ignore[untyped-decorator]  # the overloads cannot see into **
        **_common(contract, key, partitions),
        deps=[dg.AssetKey(["bronze", contract.feed]), *(dg.AssetKey(["silver", feed]) for feed in references)],
        description=f"{contract.description} {contract.grain} Every row keeps its contract; the others are quarantined.",
        check_specs=[
            _spec(
                ROWS_RECONCILE, contract, key, "Received = good + quarantined + superseded + duplicates.", blocking=True
            ),
            _spec(
                QUARANTINE_RATE,
                contract,
                key,
                f"At most {contract.max_quarantine_share:.1%} of the received rows are quarantined.",
                blocking=True,
            ),
        ],
    )
    def silver(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        lake = run_lake(context, settings)
        counts = gate_feed(lake, contract.feed, covered_days(context))
        yield dg.MaterializeResult(
            metadata=gate_metadata(lake, contract.feed, counts), data_version=_data_version([c.version for c in counts])
        )
        yield _reconciliation(key, lake.settings, contract, counts)
        yield _quarantine_rate(key, contract, counts)

    return cast("dg.AssetsDefinition", silver)


def _common(contract: Contract, key: dg.AssetKey, partitions: dg.PartitionsDefinition[str] | None) -> dict[str, Any]:
    return {
        "key": key,
        "group_name": f"{key.path[0]}_{contract.domain}",
        "owners": [f"team:{contract.owner}"],
        "kinds": {"polars", "parquet"},
        "tags": {"domain": contract.domain, "layer": key.path[0]},
        "metadata": {"dagster/column_schema": column_schema(contract), "contract_version": contract.version},
        "code_version": hashlib.sha256(f"{GATE_VERSION}{contract.digest}".encode()).hexdigest()[:12],
        "partitions_def": partitions,
        "backfill_policy": dg.BackfillPolicy.single_run() if partitions else None,
    }


def _spec(name: str, contract: Contract, key: dg.AssetKey, description: str, blocking: bool) -> dg.AssetCheckSpec:
    kind = "reconciliation" if name == ROWS_RECONCILE else "gate"
    about = {"kind": kind, "severity": "error" if blocking else "warn", "domain": contract.domain}
    return dg.AssetCheckSpec(name, asset=key, description=description, blocking=blocking, metadata=about)


def _refusals(contract: Contract, key: dg.AssetKey, received: Sequence[BatchRecord]) -> dg.AssetCheckResult:
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


def _nothing_received(contract: Contract, received: Sequence[BatchRecord]) -> str:
    refused = "\n".join(record.refused_because for record in received if record.refused_because)
    return f"No rows of {contract.feed} were received. " + (
        refused
        or f"Hand in a file (`sentinel ingest FILE --feed {contract.feed}`), or take {contract.feed} out of "
        "SENTINEL_INBOX_FEEDS so that it is simulated."
    )


def _reconciliation(
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


def _quarantine_rate(key: dg.AssetKey, contract: Contract, counts: Sequence[DayCounts]) -> dg.AssetCheckResult:
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


def _data_version(parts: Sequence[str]) -> dg.DataVersion:
    return dg.DataVersion(hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:16])
