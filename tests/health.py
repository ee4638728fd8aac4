"""The pipeline's health of a home, for tests that build its report without a run of Dagster's."""

from __future__ import annotations

from sentinel_orchestration.automation.instance import open_instance
from sentinel_orchestration.definitions import build_definitions
from sentinel_orchestration.observe.health import write_health
from sentinel_orchestration.observe.history import History
from sentinel_orchestration.observe.recorder import record
from sentinel_orchestration.settings import Settings


def know_health(settings: Settings) -> None:
    """Reads the home's history, as the asset observe/health does."""
    history = History(settings.layout)
    with open_instance(settings) as instance:
        record(history, instance, build_definitions(settings).resolve_asset_graph())
    write_health(history, settings.layout)
