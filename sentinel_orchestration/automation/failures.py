"""Why a run failed, in words for a person: the first failed step, and what its author, a check or the machine said."""

import re
from collections.abc import Iterator
from typing import Any

import dagster as dg

from sentinel_orchestration.mishaps import Fault, explain
from sentinel_orchestration.settings import Settings

DBT_STEPS = "dbt_"
OUR_ERROR = re.compile(r"^sentinel_orchestration\.[\w.]+: ")  # its message is meant for people as it is


def first_error(result: dg.ExecuteInProcessResult, settings: Settings) -> str:
    """The first failed step and why: what its author said, or the checks that failed in it, or the exception."""
    for event in result.all_events:
        if not event.is_step_failure:
            continue
        failure, step = event.step_failure_data, step_name(event.step_key or "")
        found = explain(_faults(event.step_key or "", failure), settings)
        if found:
            return f"{step}: {found}"
        if failure.user_failure_data and failure.user_failure_data.description:
            return f"{step}: {failure.user_failure_data.description}"
        checks = [
            f"{c.asset_key.to_user_string()} {c.check_name}: {c.description or 'failed'}"
            for c in result.get_asset_check_evaluations()
            if not c.passed and c.severity == dg.AssetCheckSeverity.ERROR and c.blocking
        ]
        if checks:
            return "\n".join(checks)
        if failure.error:
            cause = failure.error.cause or failure.error
            return f"{step}: {OUR_ERROR.sub('', cause.message.strip())}"
    return "the run failed before its first step"


def step_name(step: str) -> str:
    """A step as people know it: the asset it makes, as the UI shows it, or what it does."""
    return step.replace("__", "/") if "__" in step else step.replace("_", " ")


def _faults(step: str, failure: Any) -> Iterator[Fault]:
    """The errors behind a failed step, as Dagster keeps them.

    What an author raises as a failure says it all; but that of dbt holds what DuckDB said.
    """
    if failure.user_failure_data:
        if step.startswith(DBT_STEPS):
            yield Fault.read(None, failure.user_failure_data.description or "")
        return
    error = failure.error
    while error:
        yield Fault.read(error.cls_name, error.message)
        error = error.cause
