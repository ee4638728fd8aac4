"""The real resources, for which tests put others by name."""

from typing import Any

from sentinel_orchestration.resources.dbt import DbtResource
from sentinel_orchestration.resources.expectations import ExpectationsResource
from sentinel_orchestration.resources.settings import SettingsResource
from sentinel_orchestration.resources.warehouse import WarehouseResource
from sentinel_orchestration.settings import Settings


def default_resources(settings: Settings) -> dict[str, Any]:
    """Every resource by name, on the folders of `settings`."""
    as_of = settings.as_of.isoformat(sep=" ") if settings.as_of else None
    return {
        "settings": SettingsResource.of(settings),
        "dbt": DbtResource(project=str(settings.dbt_dir), home=str(settings.home.resolve()), as_of=as_of),
        "warehouse": WarehouseResource(database=str(settings.layout.warehouse)),
        "expectations": ExpectationsResource(),
    }
