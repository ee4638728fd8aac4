"""The Dagster assets of the lake: for each contract one bronze and one silver asset, made from the contract alone.

Belongs here: specs and metadata of those assets. Does not belong here: the work (received, silver) or verdicts on it.
"""

import hashlib
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, cast

import dagster as dg

from sentinel_orchestration.contracts import Contract, load_contracts
from sentinel_orchestration.lake.batches import BatchRecord
from sentinel_orchestration.lake.counts import DayCounts, silver_counts
from sentinel_orchestration.lake.gate import GATE_VERSION
from sentinel_orchestration.lake.run import covered_days, daily_partitions, run_lake
from sentinel_orchestration.lake.silver import gate_feed
from sentinel_orchestration.lake.summaries import batch_metadata, column_schema, gate_metadata
from sentinel_orchestration.lake.verdicts import (
    bronze_specs,
    extra_columns,
    quarantine_rate,
    reconciliation,
    refusals,
    silver_specs,
)
from sentinel_orchestration.lock import hold_build_lock
from sentinel_orchestration.settings import Settings


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
        check_specs=bronze_specs(contract, key),
    )
    def bronze(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        hold_build_lock(settings.build_dir, f"run {context.run_id}", context.log.warning)  # files change from here on
        days = covered_days(context)
        lake = run_lake(context, settings)
        received = lake.receive(contract.feed, days)
        active = lake.active(contract.feed)
        if not active:
            raise dg.Failure(_nothing_received(contract, received), allow_retries=False)
        active = {day: records for day, records in active.items() if days is None or day in set(days)}
        batches = {record.batch_id: record for records in active.values() for record in records}
        yield dg.MaterializeResult(
            metadata=batch_metadata(lake, contract.feed, active), data_version=_data_version(list(batches))
        )
        yield refusals(contract, key, received)
        yield extra_columns(key, batches.values())

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
        check_specs=silver_specs(contract, key),
    )
    def silver(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        hold_build_lock(settings.build_dir, f"run {context.run_id}", context.log.warning)
        lake = run_lake(context, settings)
        before = {counts.day: counts.version for counts in silver_counts(settings.silver_dir, contract.feed)}
        counts = gate_feed(lake, contract.feed, covered_days(context))
        _tell_of_days_beyond_the_range(context, key, [c for c in counts if before.get(c.day) != c.version])
        yield dg.MaterializeResult(
            metadata=gate_metadata(lake, contract.feed, counts), data_version=_data_version([c.version for c in counts])
        )
        yield reconciliation(key, lake.settings, contract, counts)
        yield quarantine_rate(key, contract, counts)

    return cast("dg.AssetsDefinition", silver)


def _tell_of_days_beyond_the_range(
    context: dg.AssetExecutionContext, key: dg.AssetKey, gated: Sequence[DayCounts]
) -> None:
    """Records the days gated anew outside the run's range: what they refer to, or their contract, changed."""
    if context.assets_def.partitions_def is None:
        return
    in_range = set(context.partition_keys)
    for counts in gated:
        if counts.day not in in_range:
            rows = {"dagster/row_count": counts.good, "rows_quarantined": counts.quarantined}
            context.log_event(dg.AssetMaterialization(key, partition=counts.day, metadata=rows))


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


def _nothing_received(contract: Contract, received: Sequence[BatchRecord]) -> str:
    refused = "\n".join(record.refused_because for record in received if record.refused_because)
    return f"No rows of {contract.feed} were received. " + (
        refused
        or f"Hand in a file (`sentinel ingest FILE --feed {contract.feed}`), or take {contract.feed} out of "
        "SENTINEL_INBOX_FEEDS so that it is simulated."
    )


def _data_version(parts: Sequence[str]) -> dg.DataVersion:
    return dg.DataVersion(hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:16])
