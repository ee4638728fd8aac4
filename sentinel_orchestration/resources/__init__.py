"""The Dagster resources: what assets and checks are given to work with, and what tests put in their place.

Belongs here: every connection and every client (DuckDB, dbt, Great Expectations), and the settings as run config sees them.
Does not belong here: what is done with them.
"""

from sentinel_orchestration.resources.dbt import DbtError, DbtResource
from sentinel_orchestration.resources.defaults import default_resources
from sentinel_orchestration.resources.expectations import ExpectationsResource
from sentinel_orchestration.resources.settings import SettingsResource
from sentinel_orchestration.resources.warehouse import WarehouseResource

__all__ = [
    "DbtError",
    "DbtResource",
    "ExpectationsResource",
    "SettingsResource",
    "WarehouseResource",
    "default_resources",
]
