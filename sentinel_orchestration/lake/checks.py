"""What the checks on bronze and silver say: batches accepted, no extra columns, nothing lost, few rows quarantined."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import dagster as dg
import polars as pl

from sentinel_orchestration.contracts import Contract, Reference
from sentinel_orchestration.feeds.source import BatchRecord, Source
from sentinel_orchestration.lake.counts import DayCounts, feed_version
from sentinel_orchestration.lake.failing_rows import SAMPLE, failing_rows
from sentinel_orchestration.lake.rejects import rejects_of
from sentinel_orchestration.lake.remedies import complaints, named
from sentinel_orchestration.lake.reversals import BEFORE, COLUMN, SOURCE_FILE
from sentinel_orchestration.layout import Layout

SHOWN_ROWS = 5
VERSION = "sentinel/version"  # in a result's metadata: the version of the rows that a check judged
SKIPPED = "sentinel/skipped"  # in a result's metadata: why there was nothing to judge
BATCHES_ACCEPTED, QUARANTINE_RATE, ROWS_RECONCILE, NO_EXTRA_COLUMNS = (
    "batches_accepted",
    "quarantine_rate",
    "rows_reconcile",
    "no_extra_columns",
)
NOTHING_GOES_BACK = "nothing_goes_back"
NO_REVERSAL = "No newer version of a row lacks a time that an older one had, as a closed incident that is open again."
NO_ROWS = "there are no rows yet"
REFERENCES_JUDGED = "references_judged"


def skipped(key: dg.AssetKey, name: str, version: str, reason: str) -> dg.AssetCheckResult:
    """A check that needs rows and had none. Dagster has no such status: the result passes, and says that it was skipped."""
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=name,
        passed=True,
        description=f"Skipped: {reason}.",
        metadata={VERSION: version, SKIPPED: reason},
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
    judged = "Every feed that its rows refer to has rows, so that references are checked."
    return [
        *(
            [_spec(NOTHING_GOES_BACK, contract, key, NO_REVERSAL, blocking=False)]
            if contract.kind == "snapshot"
            else []
        ),
        *([_spec(REFERENCES_JUDGED, contract, key, judged, blocking=False)] if contract.references else []),
        _spec(ROWS_RECONCILE, contract, key, "Received = good + quarantined + superseded + duplicates.", blocking=True),
        _spec(QUARANTINE_RATE, contract, key, rate, blocking=True),
    ]


def refusals(source: Source, key: dg.AssetKey, received: Sequence[BatchRecord]) -> dg.AssetCheckResult:
    """Fails where a batch was refused, and says why and what to fix."""
    refused = [record for record in received if record.refused_because]
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=BATCHES_ACCEPTED,
        passed=not refused,
        description="\n".join(f"{record.refused_because} {source.remedy(record)}" for record in refused)
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
        description=f"Kept in bronze, left out of silver: {named(extra)}" if extra else "None.",
    )


def reconciliation(
    key: dg.AssetKey, layout: Layout, contract: Contract, counts: Sequence[DayCounts]
) -> dg.AssetCheckResult:
    """Counts the rows on disk again: what the gate says of itself is not proof."""
    good = _rows_on_disk([layout.silver_file(contract.feed, c.day) for c in counts])
    rejected = _rows_on_disk([layout.quarantine_file(contract.feed, c.day) for c in counts])
    received = sum(c.received for c in counts)
    duplicates = sum(c.duplicates for c in counts)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=ROWS_RECONCILE,
        passed=received == good + rejected + duplicates,
        description=f"{received:,} received = {good:,} good + {rejected:,} set aside + {duplicates:,} duplicates",
        metadata={
            VERSION: feed_version(counts),
            "received": received,
            "good": good,
            "set_aside": rejected,
            "duplicates": duplicates,
        },
    )


def references_judged(
    key: dg.AssetKey, counts: Sequence[DayCounts], unjudged: Sequence[tuple[str, Reference]]
) -> dg.AssetCheckResult:
    """Warns of references that no row is checked against, because nobody provides the feed they lead to."""
    if not any(c.received for c in counts):
        return skipped(key, REFERENCES_JUDGED, feed_version(counts), NO_ROWS)
    parts = [f"{column}: {reference.feed} has no rows" for column, reference in unjudged]
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=REFERENCES_JUDGED,
        passed=not parts,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"Not checked: {'; '.join(parts)}." if parts else "All references are checked.",
        metadata={VERSION: feed_version(counts)},
    )


def nothing_goes_back(
    key: dg.AssetKey, contract: Contract, counts: Sequence[DayCounts], found: pl.DataFrame
) -> dg.AssetCheckResult:
    """Warns of rows whose newest version takes something back; see lake/reversals.py."""
    rows = [
        f"{'/'.join(_unless_personal(row[name], name, contract) for name in contract.key)}: {row[COLUMN]} was "
        f"{_unless_personal(row[BEFORE], row[COLUMN], contract)} in {row[SOURCE_FILE]}, and is empty"
        for row in found.head(SHOWN_ROWS).iter_rows(named=True)
    ]
    more = f"; and {found.height - SHOWN_ROWS:,} more" if found.height > SHOWN_ROWS else ""
    fix = " Remove the file that is out of date, or correct the newer one."
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=NOTHING_GOES_BACK,
        passed=found.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{'; '.join(rows)}{more}.{fix}" if rows else "Nothing.",
        metadata={VERSION: feed_version(counts), "rows": found.height},
    )


def _unless_personal(value: str, column: str, contract: Contract) -> str:
    return "…" if column in contract.personal else value


def _rows_on_disk(paths: Sequence[Path]) -> int:
    present = [path for path in paths if path.exists()]
    if not present:
        return 0
    return int(pl.scan_parquet(present, hive_partitioning=False).select(pl.len()).collect().item())


def quarantine_rate(
    key: dg.AssetKey, layout: Layout, contract: Contract, counts: Sequence[DayCounts]
) -> dg.AssetCheckResult:
    """Fails where more rows are quarantined than the contract allows, and says which rules they broke and the fix."""
    received = sum(c.received for c in counts)
    if not received:
        return skipped(key, QUARANTINE_RATE, feed_version(counts), NO_ROWS)
    quarantined = sum(c.quarantined for c in counts)
    share = quarantined / received
    passed = share <= contract.max_quarantine_share
    said = [f"{quarantined:,} of {received:,} rows ({share:.2%}); the limit is {contract.max_quarantine_share:.1%}."]
    if not passed:
        said += complaints(rejects_of(layout, contract), contract, received)
        said.append(f"The rows: sentinel quarantine {contract.feed}")
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=QUARANTINE_RATE,
        passed=passed,
        description="\n".join(said),
        metadata={
            VERSION: feed_version(counts),
            "quarantined": quarantined,
            "share": share,
            "limit_share": contract.max_quarantine_share,
            **({} if passed else {SAMPLE: dg.MetadataValue.json(failing_rows(layout, contract))}),
        },
    )


def _spec(name: str, contract: Contract, key: dg.AssetKey, description: str, blocking: bool) -> dg.AssetCheckSpec:
    kind = "reconciliation" if name == ROWS_RECONCILE else "gate"
    about = {"kind": kind, "severity": "error" if blocking else "warn", "domain": contract.domain}
    return dg.AssetCheckSpec(name, asset=key, description=description, blocking=blocking, metadata=about)
