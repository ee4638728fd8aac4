"""Rows of the history out of Dagster's event log, by its public interface alone: the same on SQLite and PostgreSQL."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from sentinel_orchestration.lake.checks import SKIPPED
from sentinel_orchestration.observe.history import Row
from sentinel_orchestration.publish.release import CONSEQUENCE
from sentinel_orchestration.resources.failure import Failure
from sentinel_orchestration.resources.run_log import COMMAND_TAG

READ = {
    dg.DagsterEventType.STEP_START,
    dg.DagsterEventType.STEP_SUCCESS,
    dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.STEP_UP_FOR_RETRY,
    dg.DagsterEventType.ASSET_MATERIALIZATION,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
}
EVENTS_AT_ONCE = 5_000
DURATION = "Execution Duration"  # in metadata, seconds; dagster-dbt's name for it
ROWS = "dagster/row_count"
STATUS = {"SUCCESS": "succeeded", "FAILURE": "failed", "CANCELED": "canceled"}
STARTERS = {  # tag → what kind of starter its value names
    COMMAND_TAG: "command",
    "dagster/schedule_name": "schedule",
    "dagster/sensor_name": "sensor",
    "dagster/backfill": "backfill",
}


@dataclass
class RunRows:
    """What a run's events came to, in the order of the tables' columns; `read_to` is the cursor behind the last of them."""

    record: dg.RunRecord
    read_to: str | None
    steps: list[Row] = field(default_factory=list)
    materializations: list[Row] = field(default_factory=list)
    check_results: list[Row] = field(default_factory=list)

    @property
    def run(self) -> Row:
        """The row of the run itself."""
        run = self.record.dagster_run
        by, starter = next(((by, run.tags[tag]) for tag, by in STARTERS.items() if tag in run.tags), ("UI", None))
        failed = next((row for row in self.steps if row[5] == "failed"), None)
        return (
            *(run.run_id, job_name(run), by, starter, STATUS.get(run.status.value, "running")),
            *(naive(self.record.create_timestamp), utc_of(self.record.start_time), utc_of(self.record.end_time)),
            *((failed[2], failed[6]) if failed else (None, None)),
            *(self.read_to, run.is_finished),
        )


def read_run(instance: dg.DagsterInstance, record: dg.RunRecord, read_to: str | None) -> RunRows:
    """The rows of a run's events behind the cursor `read_to`. A run that has ended is read from its beginning.

    Several processes may write the events of a run, so that one may come behind the cursor; at the end they are all there.
    """
    run = record.dagster_run
    found = RunRows(record, None if run.is_finished else read_to)
    starts: dict[str, datetime] = {}
    while True:
        page = instance.get_records_for_run(run.run_id, found.read_to, READ, EVENTS_AT_ONCE)
        for entry in page.records:
            event = entry.event_log_entry.dagster_event
            if event is not None:
                _add(found, starts, event, entry.storage_id, entry.event_log_entry.timestamp)
        found.read_to = page.cursor
        if not page.has_more:
            return found


def _add(found: RunRows, starts: dict[str, datetime], event: dg.DagsterEvent, event_id: int, timestamp: float) -> None:
    at, run_id = utc_of(timestamp), found.record.dagster_run.run_id
    if event.is_step_start:
        starts[event.step_key or ""] = at
    elif event.is_step_materialization:
        made = event.step_materialization_data.materialization
        known = _scalars(made.metadata)
        found.materializations.append(
            (
                *(run_id, event_id, made.asset_key.to_user_string(), made.partition, at),
                *(known.pop(ROWS, None), known.pop(DURATION, None), json.dumps(known)),
            )
        )
    elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        found.check_results.append((run_id, event_id, *_check(event.asset_check_evaluation_data, at)))
    else:
        step = event.step_key or ""
        started = starts.get(step) or at
        status = {"STEP_SUCCESS": "succeeded", "STEP_FAILURE": "failed"}.get(event.event_type_value, "retried")
        error, is_consequence = _why(event) if event.is_step_failure else (None, False)
        found.steps.append((run_id, event_id, step, started, at, status, error, is_consequence))


def _check(result: dg.AssetCheckEvaluation, at: datetime) -> Row:
    status = "skipped" if SKIPPED in result.metadata else "passed"
    if not result.passed:
        status = "warned" if result.severity == dg.AssetCheckSeverity.WARN else "failed"
    target, known = result.target_materialization_data, _scalars(result.metadata)
    return (
        *(result.asset_key.to_user_string(), result.check_name, at, status, bool(result.blocking), result.description),
        *(utc_of(target.timestamp) if target else None, known.pop(DURATION, None), json.dumps(known)),
    )


def _why(event: dg.DagsterEvent) -> tuple[str, bool]:
    """The error of a failed step, in words fit for any reader, and whether it only says that a check failed."""
    data = event.step_failure_data
    said = data.user_failure_data
    by_check = bool(data.error and data.error.cls_name == "DagsterAssetCheckFailedError")
    return str(Failure.of(event)), by_check or bool(said and CONSEQUENCE in said.metadata)


def _scalars(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers, words and JSON; tables, plots and lineage stay with Dagster."""
    kinds = (
        dg.IntMetadataValue,
        dg.FloatMetadataValue,
        dg.TextMetadataValue,
        dg.BoolMetadataValue,
        dg.JsonMetadataValue,
    )
    return {name: value.value for name, value in metadata.items() if isinstance(value, kinds)}


def job_name(run: dg.DagsterRun) -> str:
    """The job of a run as people know it."""
    return "selected assets" if run.job_name.startswith("__") else run.job_name


def utc_of(timestamp: float | None) -> Any:
    """Seconds since 1970 as naive UTC; None stays None."""
    return None if timestamp is None else datetime.fromtimestamp(timestamp, UTC).replace(tzinfo=None)


def naive(moment: datetime) -> datetime:
    """A moment as naive UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
