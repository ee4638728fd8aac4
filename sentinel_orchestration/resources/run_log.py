"""What a run did, as JSON lines under logs/: Dagster's events, dbt's, Evidence's and Python's, each with the run's id.

Nothing in them comes from a row: text in quotes is masked, and of an error there is only what `Failure` lets through.
"""

import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from sentinel_orchestration.layout import Layout
from sentinel_orchestration.resources.failure import Failure, first_sentence, masked
from sentinel_orchestration.resources.sentry import report
from sentinel_orchestration.settings import Settings

KILLED = "The process of this run ended before the run did: it was killed."
COMMAND_TAG = "sentinel/command"  # the command that a person waits for
PACKAGE = "sentinel_orchestration"
DAY_FILE = "%Y-%m-%d.jsonl"
LOGGED = {
    "STEP_START",
    "STEP_SUCCESS",
    "STEP_FAILURE",
    "STEP_UP_FOR_RETRY",
    "ASSET_MATERIALIZATION",
    "ASSET_CHECK_EVALUATION",
    "PIPELINE_SUCCESS",
    "PIPELINE_FAILURE",
    "PIPELINE_CANCELED",
}


@contextmanager
def run_log(settings: Settings, instance: dg.DagsterInstance, run: dg.DagsterRun) -> Iterator[None]:
    """Keeps the log of a run in this process, and removes the files of days that are over the limit."""
    log = RunLog(settings.layout.logs, run)
    prune(settings.layout.logs, settings.log_days)
    instance.add_event_listener(run.run_id, log.hear)  # beyond the end of the block: the run ends after it
    ours, all_others = logging.getLogger(PACKAGE), logging.getLogger()
    for logger in (ours, all_others):
        logger.addHandler(log)
    ours.setLevel(logging.INFO)
    ours.propagate = False  # a library may have put the terminal at the root
    ours.info("run start", extra={"fields": {"event": "RUN_START"}})
    try:
        yield
    finally:
        ours.setLevel(logging.NOTSET)
        ours.propagate = True
        for logger in (ours, all_others):
            logger.removeHandler(log)


def prune(folder: Path, days: int) -> None:
    """Removes the files of all but the last `days` days."""
    oldest = (datetime.now(UTC) - timedelta(days=days - 1)).strftime(DAY_FILE)
    with suppress(OSError):
        for path in folder.glob("????-??-??.jsonl"):
            if path.name < oldest:
                path.unlink(missing_ok=True)


def note_killed(layout: Layout, run: dg.DagsterRun) -> None:
    """Logs and reports the end of a run whose process was killed, and could do neither."""
    RunLog(layout.logs, run).note(Failure("KilledError", KILLED))


class RunLog(logging.Handler):
    """Appends to the file of the day, each line in one write: any number of processes may share it."""

    def __init__(self, folder: Path, run: dg.DagsterRun) -> None:
        super().__init__()
        self._folder = folder
        self._run = {"run_id": run.run_id, "job": run.job_name, "command": run.tags.get(COMMAND_TAG)}
        self._step: str | None = None

    def hear(self, entry: dg.EventLogEntry) -> None:
        """Takes an event of the run, or what a step said with `context.log`. A failed step is reported to Sentry, too."""
        event = entry.dagster_event
        if event is None:
            self._write(entry, int(entry.level), entry.user_message)
            return
        if event.event_type_value not in LOGGED or event.partition:  # one per day would be thousands
            return
        self._step = event.step_key if event.is_step_start else self._step
        self._write(entry, *_said(event))
        if event.is_step_failure:
            step = event.step_key or ""
            asset = step.replace("__", "/") if "__" in step else None  # other steps make several
            report(Failure.of(event), self._run | {"step": step, "asset": asset})
        self._step = None if event.is_step_success or event.is_step_failure else self._step

    def note(self, failure: Failure) -> None:
        """Takes a failure of the run as a whole."""
        record = logging.LogRecord("dagster", logging.ERROR, "", 0, f"run failure: {failure}", None, None)
        record.fields = {"event": "RUN_FAILURE", "error": failure.kind}
        self.emit(record)
        report(failure, self._run)

    def _write(self, entry: dg.EventLogEntry, level: int, text: str, fields: Mapping[str, str] | None = None) -> None:
        record = logging.LogRecord("dagster", level, "", 0, text, None, None)
        record.created, record.fields = entry.timestamp, {"step": entry.step_key, **(fields or {})}
        self.emit(record)

    def filter(self, record: logging.LogRecord) -> bool:
        """Of other packages, only warnings and worse."""
        return record.levelno >= logging.WARNING or record.name.startswith(PACKAGE)

    def emit(self, record: logging.LogRecord) -> None:
        """Writes a line. A full disk or a folder that is not ours stops no run here: the run says so better itself."""
        moment = datetime.fromtimestamp(record.created, UTC)
        line = json.dumps(self._entry(record, moment), ensure_ascii=False) + "\n"
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            file = os.open(self._folder / moment.strftime(DAY_FILE), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
            try:
                os.write(file, line.encode(errors="replace"))
            finally:
                os.close(file)

    def _entry(self, record: logging.LogRecord, moment: datetime) -> dict[str, Any]:
        """The fields of a line. Of a library's message, what it was made from: the values may be those of a row."""
        is_ours = record.name == "dagster" or record.name.startswith(PACKAGE)
        entry = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": masked(record.getMessage()) if is_ours else first_sentence(str(record.msg)),
            **self._run,
            "step": self._step,
            "error": record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None,
            **getattr(record, "fields", {}),
        }
        return {name: value for name, value in entry.items() if value is not None}


def _said(event: dg.DagsterEvent) -> tuple[int, str, dict[str, str]]:
    """Level and words of an event, and what it is about. A check's description may show a row, so it is left out."""
    kind = event.event_type_value.replace("PIPELINE", "RUN")
    text, fields = kind.replace("_", " ").lower(), {"event": kind}
    if kind == "ASSET_CHECK_EVALUATION":
        check = event.asset_check_evaluation_data
        fields |= {"asset": check.asset_key.to_user_string(), "check": check.check_name}
        if check.passed:
            return logging.INFO, "check passed", fields
        is_warning = check.severity == dg.AssetCheckSeverity.WARN
        return (logging.WARNING, "check warned", fields) if is_warning else (logging.ERROR, "check failed", fields)
    if event.is_step_failure:
        failure = Failure.of(event)
        return logging.ERROR, f"{text}: {failure}", fields | {"error": failure.kind}
    level = logging.ERROR if event.is_failure else logging.INFO
    return level, text, fields | ({"asset": event.asset_key.to_user_string()} if event.asset_key else {})
