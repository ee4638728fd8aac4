"""The warehouse's part of the graph: every table that dbt or Python makes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from sentinel_orchestration.resources import DbtResource
from sentinel_orchestration.warehouse.assets import dbt_assets
from sentinel_orchestration.warehouse.python_marts import python_mart_asset, python_marts
from sentinel_orchestration.warehouse.state import Mart
from sentinel_orchestration.warehouse.translation import DbtGraph


@dataclass(frozen=True)
class Warehouse:
    """The assets, the asset of every table by its name, and what Python makes of them."""

    assets: Sequence[dg.AssetsDefinition]
    keys: Mapping[str, dg.AssetKey]
    marts: Sequence[Mart]


def warehouse_assets(dbt: DbtResource) -> Warehouse:
    """Reads dbt's manifest (parsing the project where it changed) and the folder of Python marts."""
    graph, marts = DbtGraph(dbt.manifest()), python_marts()
    keys = {name: key for key, name in graph.model_names.items()}
    keys |= {mart.name: dg.AssetKey(["marts", mart.name]) for mart in marts}
    assets = [*dbt_assets(graph), *(python_mart_asset(mart, keys) for mart in marts)]
    return Warehouse(assets, keys, [mart.record for mart in marts])
