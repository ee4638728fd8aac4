"""May what is in the warehouse be released? Looks at its state, not at a run: it does not matter which runs did the work."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import dagster as dg

from sentinel_orchestration.internals import check_history
from sentinel_orchestration.lake.checks import SKIPPED, VERSION
from sentinel_orchestration.warehouse.state import ModelState

CheckStatus = Literal["passed", "skipped", "warned", "failed", "not run"]
HISTORY = 20  # results looked at behind those that later runs planned and never gave
LISTED = 20
DATA_VERSION_TAG = "dagster/data_version"


@dataclass(frozen=True)
class CheckOutcome:
    """The latest result of one check, on the rows that are there now; `not run` where there is none on these."""

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
        """Whether this result forbids a release."""
        return self.blocking and self.severity == "error" and self.status in ("failed", "not run")


@dataclass(frozen=True)
class Versions:
    """What the checks must have judged: rows by asset, and code by asset for unit tests."""

    rows: Mapping[dg.AssetKey, str]
    code: Mapping[dg.AssetKey, str]

    def of(self, spec: dg.AssetCheckSpec) -> str | None:
        """The version that a result of this check must name; None where any will do (bronze)."""
        is_unit_test = (spec.metadata or {}).get("kind") == "dbt unit test"
        return (self.code if is_unit_test else self.rows).get(spec.asset_key)


def read_outcomes(
    instance: dg.DagsterInstance, specs: Iterable[dg.AssetCheckSpec], versions: Versions
) -> list[CheckOutcome]:
    """The outcome of every check."""
    specs = list(specs)
    histories = check_history(instance, [spec.key for spec in specs], HISTORY)
    return [_outcome(instance, spec, histories.get(spec.key, []), versions.of(spec)) for spec in specs]


def refusal(
    states: Mapping[str, ModelState], outcomes: Sequence[CheckOutcome], keys: Mapping[str, dg.AssetKey]
) -> str | None:
    """Why nothing may be released, and what to materialize or look at; None where it may."""
    stale = [state for state in states.values() if state.stale]
    blocking = [outcome for outcome in outcomes if outcome.blocks]
    unjudged = [outcome for outcome in blocking if outcome.status == "not run"]
    lines = [f"{keys[state.model].to_user_string()} {state.stale}." for state in stale]
    lines += [f"{o.asset.to_user_string()} {o.name}: failed. {o.detail}" for o in blocking if o.status == "failed"]
    if stale:
        lines.append(f"Materialize {_listed([keys[state.model].to_user_string() for state in stale])}.")
    elif unjudged:
        count = "1 check has" if len(unjudged) == 1 else f"{len(unjudged):,} checks have"
        lines.append(
            f"{count} no result on the rows that are there now: "
            f"{_listed([f'{o.asset.to_user_string()} {o.name}' for o in unjudged])}. Run them, or materialize their assets."
        )
    return "Nothing was released; the last good release stays.\n" + "\n".join(lines) if lines else None


def _outcome(
    instance: dg.DagsterInstance, spec: dg.AssetCheckSpec, history: Sequence[Any], expected: str | None
) -> CheckOutcome:
    about = dict(spec.metadata or {})
    severity = str(about.get("severity", "error"))
    evaluation = next((found for record in history if (found := _evaluation(record))), None)
    status: CheckStatus = "not run"
    if evaluation is None or (expected is not None and not _is_about(instance, evaluation, expected)):
        evaluation = None
    elif evaluation.passed:
        status = "skipped" if SKIPPED in evaluation.metadata else "passed"
    else:
        severity = "warn" if evaluation.severity == dg.AssetCheckSeverity.WARN else "error"
        status = "warned" if severity == "warn" else "failed"
    return CheckOutcome(
        asset=spec.asset_key,
        name=spec.name,
        kind=str(about.get("kind", "asset check")),
        domain=str(about.get("domain", "")),
        severity=severity,
        blocking=spec.blocking,
        status=status,
        description=spec.description or "",
        detail=(evaluation.description or "") if evaluation else "",
        metadata={name: value.value for name, value in evaluation.metadata.items()} if evaluation else {},
    )


def _evaluation(record: Any) -> Any:
    """The result in a record; None for a check that was planned and gave none."""
    if record.event is None or record.event.dagster_event is None:
        return None
    data = record.event.dagster_event.event_specific_data
    return data if hasattr(data, "passed") else None


def _is_about(instance: dg.DagsterInstance, evaluation: Any, expected: str) -> bool:
    """Whether a result judged this version: by the one it names, else by the materialization that Dagster gave it.

    A check of an adopter's need not name a version. Its asset's data version is the head of the version.
    """
    if VERSION in evaluation.metadata:
        return bool(evaluation.metadata[VERSION].value == expected)
    target = evaluation.target_materialization_data
    if target is None:
        return False
    wanted = dg.AssetRecordsFilter(asset_key=evaluation.asset_key, storage_ids=[target.storage_id])
    found = [record.asset_materialization for record in instance.fetch_materializations(wanted, limit=1).records]
    version = found[0].tags.get(DATA_VERSION_TAG) if found and found[0] and found[0].tags else None
    return bool(version and expected.startswith(version))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED:,} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
