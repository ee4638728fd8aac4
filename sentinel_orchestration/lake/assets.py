"""The Dagster assets of the lake: for each contract one bronze and one silver asset, made from the contract alone."""

import hashlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import dagster as dg

from sentinel_orchestration.contracts import Contract, load_contracts
from sentinel_orchestration.feeds.source import BatchRecord, SourceDownError, SourceError
from sentinel_orchestration.internals import log_materializations
from sentinel_orchestration.lake.checks import (
    bronze_specs,
    extra_columns,
    nothing_goes_back,
    quarantine_rate,
    reconciliation,
    references_judged,
    refusals,
    silver_specs,
)
from sentinel_orchestration.lake.counts import feed_version, silver_counts
from sentinel_orchestration.lake.foreign_keys import unjudged_references
from sentinel_orchestration.lake.gate import GATE_VERSION
from sentinel_orchestration.lake.history import update_history
from sentinel_orchestration.lake.received import FeedMissingError
from sentinel_orchestration.lake.reversals import reversals
from sentinel_orchestration.lake.run import covered_days, daily_partitions, run_lake
from sentinel_orchestration.lake.silver import gate_feed
from sentinel_orchestration.lake.summaries import batch_metadata, column_schema, gate_metadata
from sentinel_orchestration.resources import SettingsResource
from sentinel_orchestration.resources.run_log import COMMAND_TAG
from sentinel_orchestration.settings import Settings

RETRIES, FIRST_RETRY_SEC = 3, 60.0  # after that: 120 s, 240 s
POOL = "lake"  # two runs that write the same day, or read what the other replaces, wait for each other
Results = Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]


def lake_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """Bronze and silver of every contract."""
    partitions = daily_partitions(settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # backfill_policy; Dagster is pinned exactly
        return [
            make(contract, partitions if contract.kind == "event" else None)
            for contract in load_contracts().values()
            for make in (_bronze_asset, _silver_asset)
        ]


def _bronze_asset(contract: Contract, partitions: dg.PartitionsDefinition[str] | None) -> dg.AssetsDefinition:
    key = dg.AssetKey(["bronze", contract.feed])

    @dg.asset(  # type: ignore[untyped-decorator]  # the overloads cannot see into **
        **_common(contract, key, partitions),
        description=f"{contract.description} As received, with where each batch came from.",
        check_specs=bronze_specs(contract, key),
    )
    def bronze(context: dg.AssetExecutionContext, settings: SettingsResource) -> Results:
        days = covered_days(context)
        lake = run_lake(context, settings.load())
        before = _batch_ids(lake.active(contract.feed))
        try:
            received = lake.receive(contract.feed, days)
        except SourceDownError as error:
            raise _again_later(context, error) from error
        except (FeedMissingError, SourceError) as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        active = lake.active(contract.feed)
        if received and all(record.refused_because for record in received):
            raise dg.Failure(_all_refused(contract, received), allow_retries=False)
        if days is None:
            after = _batch_ids(active)
            _record_days(context, key, {day: {} for day in {*before, *after} if before.get(day) != after.get(day)})
        else:
            active = {day: records for day, records in active.items() if day in set(days)}
        batches = {record.batch_id: record for records in active.values() for record in records}
        yield dg.MaterializeResult(
            metadata=batch_metadata(lake, contract.feed, active), data_version=_data_version(list(batches))
        )
        yield refusals(lake.sources[contract.feed], key, received)
        yield extra_columns(key, batches.values())

    return cast("dg.AssetsDefinition", bronze)


def _silver_asset(contract: Contract, partitions: dg.PartitionsDefinition[str] | None) -> dg.AssetsDefinition:
    key = dg.AssetKey(["silver", contract.feed])
    references = sorted({reference.feed for _, reference in contract.references})

    @dg.asset(  # type: ignore[untyped-decorator]  # the overloads cannot see into **
        **_common(contract, key, partitions),
        deps=[dg.AssetKey(["bronze", contract.feed]), *(dg.AssetKey(["silver", feed]) for feed in references)],
        description=f"{contract.description} {contract.grain} Every row keeps its contract; the others are quarantined.",
        check_specs=silver_specs(contract, key),
    )
    def silver(context: dg.AssetExecutionContext, settings: SettingsResource) -> Results:
        """Its checks judge the whole feed, whatever days the run covers: a release is made of all of it."""
        days = covered_days(context)
        lake = run_lake(context, settings.load())
        before = {counts.day: counts.version for counts in silver_counts(lake.layout, contract.feed)}
        gated = gate_feed(lake, contract.feed, days)
        update_history(lake, contract)
        if days is None:
            changed = [counts for counts in gated if before.get(counts.day) != counts.version]
            rows = {c.day: {"dagster/row_count": c.good, "rows_quarantined": c.quarantined} for c in changed}
            _record_days(context, key, rows)
        counts = silver_counts(lake.layout, contract.feed)
        yield dg.MaterializeResult(
            metadata=gate_metadata(lake, contract.feed, gated), data_version=dg.DataVersion(feed_version(counts))
        )
        yield reconciliation(key, lake.layout, contract, counts)
        yield quarantine_rate(key, lake.layout, contract, counts)
        if contract.kind == "snapshot":
            yield nothing_goes_back(key, contract, counts, reversals(lake.layout, contract))
        if contract.references:
            yield references_judged(key, counts, unjudged_references(lake, contract))

    return cast("dg.AssetsDefinition", silver)


def _again_later(context: dg.AssetExecutionContext, error: SourceDownError) -> Exception:
    """What passes is tried again, at longer and longer intervals; but nobody who waits for a command is kept waiting."""
    if COMMAND_TAG in context.run.tags or context.retry_number >= RETRIES:
        return dg.Failure(str(error), allow_retries=False)
    seconds = FIRST_RETRY_SEC * 2**context.retry_number
    context.log.warning(f"{error} Asked again in {seconds:g} s.")
    return dg.RetryRequested(RETRIES, seconds)


def _record_days(context: dg.AssetExecutionContext, key: dg.AssetKey, changed: Mapping[str, Mapping[str, int]]) -> None:
    """Records a materialization of each day that changed: Dagster itself records only those the run names."""
    partitions = context.assets_def.partitions_def
    if partitions is None or not changed:
        return
    known = set(partitions.get_partition_keys()) - {*context.partition_keys}
    log_materializations(
        context,
        [dg.AssetMaterialization(key, partition=day, metadata=changed[day]) for day in sorted(changed) if day in known],
    )


def _batch_ids(active: Mapping[str, Sequence[BatchRecord]]) -> dict[str, list[str]]:
    return {day: [record.batch_id for record in records] for day, records in active.items()}


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
        "pool": POOL,
    }


def _all_refused(contract: Contract, received: Sequence[BatchRecord]) -> str:
    refused = "\n".join(record.refused_because for record in received if record.refused_because)
    return f"No rows of {contract.feed} were received. {refused}"


def _data_version(parts: Sequence[str]) -> dg.DataVersion:
    return dg.DataVersion(hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:16])
