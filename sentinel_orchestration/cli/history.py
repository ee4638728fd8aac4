"""The history for a command that shows some of it, brought up to now."""

from sentinel_orchestration.observe.history import History
from sentinel_orchestration.observe.recorder import record
from sentinel_orchestration.settings import Settings


class NothingRanError(ValueError):
    """There is no history to show yet; the message says how to make one."""


def history_up_to_now(settings: Settings) -> History:
    """Reads what Dagster has recorded since the last time. Raises NothingRanError in a home where nothing ever ran."""
    if not settings.layout.dagster.exists():
        raise NothingRanError("Nothing has run here yet: run `sentinel build` first.")
    from sentinel_orchestration.automation.instance import open_instance
    from sentinel_orchestration.definitions import build_definitions

    history = History(settings.layout)
    with open_instance(settings) as instance:
        record(history, instance, build_definitions(settings).resolve_asset_graph())
    return history
