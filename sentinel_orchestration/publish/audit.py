"""Did every check that must pass, pass? Reads the checks' latest results from Dagster's event log.

Belongs here: the verdict. An audit that errors, or did not run, is an audit that failed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import dagster as dg
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus as Status

CheckStatus = Literal["passed", "warned", "failed", "not run"]
RUNS_AT_ONCE = 20
THIS_RUN_LAYERS = ("staging", "marts")


@dataclass(frozen=True)
class CheckOutcome:
    """The latest result of one check."""

    asset: dg.AssetKey
    name: str
    kind: str
    domain: str
    severity: str
    blocking: bool
    status: CheckStatus
    description: str
    detail: str
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def blocks(self) -> bool:
        """Whether this result forbids publishing."""
        return self.blocking and self.severity == "error" and self.status in ("failed", "not run")


def read_outcomes(instance: dg.DagsterInstance, run_id: str, specs: Iterable[dg.AssetCheckSpec]) -> list[CheckOutcome]:
    """The outcome of every check in this run, or else the latest. One on a model counts only from this run's file.

    A run that waits for this one has planned its checks already: theirs is the latest record, and says nothing.
    """
    specs, storage = list(specs), instance.event_log_storage
    records = dict(storage.get_latest_asset_check_execution_by_key([spec.key for spec in specs]))
    for key, latest in records.items():
        if latest.run_id != run_id:
            history = storage.get_asset_check_execution_history(key, limit=RUNS_AT_ONCE)
            records[key] = next((record for record in history if record.run_id == run_id), latest)
    return [_outcome(spec, records.get(spec.key), run_id) for spec in specs]


def refusal(outcomes: Sequence[CheckOutcome]) -> str | None:
    """Why nothing may be published; None where it may."""
    blocking = [outcome for outcome in outcomes if outcome.blocks]
    if not blocking:
        return None
    lines = [f"{o.asset.to_user_string()} {o.name}: {o.status}. {o.detail}".strip() for o in blocking]
    return "Nothing was published; the last good build stays.\n" + "\n".join(lines)


def _outcome(spec: dg.AssetCheckSpec, record: Any, run_id: str) -> CheckOutcome:
    about = dict(spec.metadata or {})
    severity = str(about.get("severity", "error"))
    evaluation = _evaluation(record)
    in_this_run = record is not None and record.run_id == run_id
    status: CheckStatus
    if record is None or (spec.asset_key.path[0] in THIS_RUN_LAYERS and not in_this_run):
        status, evaluation = "not run", None
    elif record.status == Status.SUCCEEDED:
        status = "passed"
    elif evaluation is None:
        status = "failed" if record.status == Status.FAILED else "not run"
    else:
        severity = "warn" if evaluation.severity == dg.AssetCheckSeverity.WARN else "error"
        status = "warned" if severity == "warn" else "failed"
    return CheckOutcome(
        asset=spec.asset_key,
        name=spec.name,
        kind=str(about["kind"]),
        domain=str(about["domain"]),
        severity=severity,
        blocking=spec.blocking,
        status=status,
        description=spec.description or "",
        detail=(evaluation.description or "") if evaluation else "",
        metadata={name: value.value for name, value in evaluation.metadata.items()} if evaluation else {},
    )


def _evaluation(record: Any) -> Any:
    if record is None or record.event is None or record.event.dagster_event is None:
        return None
    data = record.event.dagster_event.event_specific_data
    return data if hasattr(data, "passed") else None
