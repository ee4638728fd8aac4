"""Makes Dagster assets of the tables in warehouse/marts: read, compute, and write with the record, in one transaction."""

import hashlib
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl

from sentinel_orchestration.lake.checks import VERSION
from sentinel_orchestration.resources import SettingsResource, WarehouseResource
from sentinel_orchestration.warehouse import marts
from sentinel_orchestration.warehouse.state import Mart, has_state, record_mart
from sentinel_orchestration.warehouse.translation import WAREHOUSE_POOL

KEY_UNIQUE = "key_unique"


@dataclass(frozen=True)
class PythonMart:
    """A table made by Python.

    `compute` gets a connection to the warehouse and gives the table's rows; it must be a pure function of the tables it
    `reads` (models of dbt or other Python marts, by name). `key`: the columns that together identify a row.
    """

    name: str
    domain: str
    owner: str
    description: str
    reads: tuple[str, ...]
    key: tuple[str, ...]
    columns: dict[str, str]
    compute: Callable[[duckdb.DuckDBPyConnection], pl.DataFrame]

    @property
    def record(self) -> Mart:
        """What the warehouse keeps of it; its code is the text of its module."""
        source = Path(self.compute.__code__.co_filename).read_bytes()
        return Mart(self.name, hashlib.md5(source, usedforsecurity=False).hexdigest(), self.reads)


class NotBuiltError(RuntimeError):
    """The warehouse has no tables yet that a Python mart could read."""


def python_marts() -> list[PythonMart]:
    """Every mart of warehouse/marts."""
    names = [module.name for module in pkgutil.iter_modules(marts.__path__)]
    return [importlib.import_module(f"{marts.__name__}.{name}").MART for name in sorted(names)]


def python_mart_asset(mart: PythonMart, keys: dict[str, dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset of a mart; `keys` are the assets of all tables, by name."""
    key = dg.AssetKey(["marts", mart.name])

    @dg.asset(
        key=key,
        deps=[keys[name] for name in mart.reads],
        group_name=f"marts_{mart.domain}",
        owners=[f"team:{mart.owner}"],
        kinds={"polars", "duckdb"},
        tags={"domain": mart.domain, "layer": "marts"},
        description=mart.description,
        metadata={
            "dagster/column_schema": dg.TableSchema(
                columns=[dg.TableColumn(name, description=text) for name, text in mart.columns.items()]
            )
        },
        check_specs=[
            dg.AssetCheckSpec(
                KEY_UNIQUE,
                asset=key,
                description=f"{', '.join(mart.key)} identify a row, and none is null.",
                blocking=True,
                metadata={"kind": "python check", "severity": "error", "domain": mart.domain},
            )
        ],
        pool=WAREHOUSE_POOL,
    )
    def table(
        context: dg.AssetExecutionContext,
        settings: SettingsResource,
        warehouse: WarehouseResource,
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        with warehouse.transaction() as connection:
            if not has_state(connection):
                raise NotBuiltError(f"{warehouse.path} holds no tables: materialize {', '.join(mart.reads)} first.")
            rows = mart.compute(connection).select(*mart.columns)
            connection.register("computed", rows.to_arrow())
            connection.execute(
                f'create schema if not exists marts; create or replace table marts."{mart.name}" as from computed'
            )
            version = record_mart(connection, mart.record, context.run_id)
        broken = rows.height - rows.drop_nulls(mart.key).unique(mart.key).height
        yield dg.MaterializeResult(
            metadata={"dagster/row_count": rows.height}, data_version=dg.DataVersion(version[:16])
        )
        yield dg.AssetCheckResult(
            check_name=KEY_UNIQUE,
            passed=not broken,
            description=f"{broken:,} rows break it." if broken else None,
            metadata={VERSION: version},
        )

    return table
