"""Runs of the warehouse's part of the graph in this process, on a home and an instance of the test's own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import dagster as dg

from sentinel_orchestration.internals import new_run_id
from sentinel_orchestration.resources import SettingsResource
from sentinel_orchestration.settings import Settings
from sentinel_orchestration.warehouse.definitions import Warehouse, warehouse_assets
from tests.warehouse.small_silver import AS_OF, Home

Listener = Callable[[dg.EventLogEntry], None]


def key(name: str) -> dg.AssetKey:
    """'marts/dim_site' as Dagster has it."""
    return dg.AssetKey(name.split("/"))


def check(name: str) -> dg.AssetSelection:
    """One check alone, 'marts/dim_site/<name>'."""
    asset, _, check = name.rpartition("/")
    return dg.AssetSelection.checks(dg.AssetCheckKey(key(asset), check))


@dataclass
class Runs:
    """A home, and the instance that records what was run in it."""

    home: Home
    instance: dg.DagsterInstance = field(default_factory=dg.DagsterInstance.ephemeral)

    @cached_property
    def warehouse(self) -> Warehouse:
        return warehouse_assets(self.home.dbt)

    def run(self, selection: dg.AssetSelection, listener: Listener | None = None) -> dg.ExecuteInProcessResult:
        """Runs what is selected; the result says whether it failed."""
        run_id = new_run_id()
        if listener:
            self.instance.add_event_listener(run_id, listener)
        definitions = dg.Definitions(
            assets=self.warehouse.assets,
            jobs=[dg.define_asset_job("selected", selection)],
            executor=dg.in_process_executor,
            resources={
                "settings": SettingsResource.of(Settings(home=self.home.path, as_of=AS_OF)),
                "dbt": self.home.dbt,
                "warehouse": self.home.warehouse,
            },
        )
        job = definitions.resolve_job_def("selected")
        return job.execute_in_process(instance=self.instance, run_id=run_id, raise_on_error=False)


def materialized(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetMaterialization]:
    """What the run materialized, by asset, in order."""
    events = result.get_asset_materialization_events()
    return {event.materialization.asset_key.to_user_string(): event.materialization for event in events}


def checked(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    """The result of every check, by asset and name, in order."""
    found: Sequence[Any] = result.get_asset_check_evaluations()
    return {f"{result.asset_key.to_user_string()}/{result.check_name}": result for result in found}


def order(result: dg.ExecuteInProcessResult) -> list[str]:
    """Materializations (asset) and check results (asset and name), in the order of the event log."""
    found = []
    for event in result.all_events:
        if event.is_step_materialization:
            found.append(event.asset_key.to_user_string())
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            found.append(f"{event.asset_check_evaluation_data.asset_key.to_user_string()}/{_name(event)}")
    return found


def _name(event: Any) -> str:
    return str(event.asset_check_evaluation_data.check_name)


def failure(result: dg.ExecuteInProcessResult) -> str:
    """What the failed step of a run says, with its causes, and which checks did not pass."""
    texts = [f"{name}: {check.description}" for name, check in checked(result).items() if not check.passed]
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            while error:
                texts.append(error.message)
                error = error.cause
            if event.step_failure_data.user_failure_data:
                texts.append(event.step_failure_data.user_failure_data.description or "")
    return "\n".join(texts)
