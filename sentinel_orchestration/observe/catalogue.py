"""What the graph is now: its assets, checks and columns, who owns them, and how they changed."""

import hashlib
from collections.abc import Iterator
from datetime import datetime

import dagster as dg
import duckdb

from sentinel_orchestration.internals import AssetGraph
from sentinel_orchestration.observe.history import Row, fill, insert

TEAM = "team:"
COLUMN_SCHEMA = "dagster/column_schema"
CHANGES = """
    insert into schema_changes
    with before as (from columns), after as (from new_columns), found as (
        select coalesce(b.asset, a.asset) as asset,
            case
                when b.asset is null then a.column_name || ' was added: ' || a.about
                when a.asset is null then b.column_name || ' was removed'
                else a.column_name || ' was ' || b.about || ' and is ' || a.about
            end as change
        from before b full join after a on b.asset = a.asset and b.column_name = a.column_name
        where b.about is distinct from a.about
            and coalesce(b.asset, a.asset) in (select asset from before intersect select asset from after)
        union all
        select asset, 'is new' from (select distinct asset from after) where asset not in (select asset from before)
        union all
        select asset, 'is gone' from (select distinct asset from before) where asset not in (select asset from after)
    )
    select ?, asset, change, nextval('seq') from found where exists (select 1 from before) order by asset, change
"""


def keep_catalogue(connection: duckdb.DuckDBPyConnection, graph: AssetGraph, now: datetime) -> None:
    """Replaces what the history holds of the graph, where it differs, and notes which columns changed."""
    tables = {"assets": list(_assets(graph)), "checks": list(_checks(graph)), "columns": list(_columns(graph))}
    digest = hashlib.sha256(repr(tables).encode()).hexdigest()
    if connection.execute("select catalogue_digest from meta").fetchall() == [(digest,)]:
        return
    connection.execute(
        "create or replace temp table new_columns (asset text, column_name text, about text, primary key (asset, column_name))"
    )
    insert(connection, "new_columns", tables["columns"], seq=False)
    connection.execute(CHANGES, [now])
    fill(connection, tables)
    connection.execute("update meta set catalogue_digest = ?", [digest])


def _assets(graph: AssetGraph) -> Iterator[Row]:
    checked = {key.asset_key for key in graph.asset_check_keys}
    for key in sorted(graph.materializable_asset_keys):
        node = graph.get(key)
        about = (key.path[0], node.tags.get("domain"), _owner(graph, key), node.description)
        yield key.to_user_string(), *about, node.is_partitioned, key in checked


def _checks(graph: AssetGraph) -> Iterator[Row]:
    for key in sorted(graph.asset_check_keys):
        spec = graph.get_check_spec(key)
        about = spec.metadata or {}
        yield (
            *(key.asset_key.to_user_string(), key.name, about.get("kind", "asset check"), about.get("domain")),
            *(_owner(graph, key.asset_key), about.get("severity", "error"), spec.blocking, spec.description),
        )


def _columns(graph: AssetGraph) -> Iterator[Row]:
    for key in sorted(graph.materializable_asset_keys):
        schema = graph.get(key).metadata.get(COLUMN_SCHEMA)
        for column in schema.columns if isinstance(schema, dg.TableSchema) else ():
            required = "" if column.constraints.nullable else ", required"
            yield key.to_user_string(), column.name, f"{column.type}{required}"


def _owner(graph: AssetGraph, key: dg.AssetKey) -> str | None:
    owners = graph.get(key).owners if graph.has(key) else []
    return owners[0].removeprefix(TEAM) if owners else None
