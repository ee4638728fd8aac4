"""Which column each column of a model comes from, read off the compiled SQL by sqlglot."""

import json
import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import dagster as dg

from sentinel_orchestration.files import write_text
from sentinel_orchestration.warehouse.translation import DbtGraph, asset_key

Lineage = dict[str, list[tuple[str, str]]]


class ColumnLineage:
    """Column lineage of models, kept in the file `cache` by the digest of the model's code, with which alone it changes."""

    def __init__(self, graph: DbtGraph, cache: Path) -> None:
        self._graph, self._cache = graph, cache
        self._known: dict[str, dict[str, Any]] = {}
        with suppress(FileNotFoundError, ValueError):  # one that is torn is worked out again
            known = json.loads(cache.read_text(encoding="utf-8"))
            self._known = known if isinstance(known, dict) else {}

    def of(self, unique_id: str, code: str, compiled: str | None) -> dg.TableColumnLineage:
        """The lineage of a model whose code has this digest and compiles to this SQL."""
        known = self._known.get(unique_id)
        if known is None or known.get("code") != code:
            known = {"code": code, "columns": trace(self._graph.manifest, unique_id, compiled or "")}
            self._known[unique_id] = known
            write_text(self._cache, json.dumps(self._known))
        return dg.TableColumnLineage(
            {
                column: [
                    dg.TableColumnDep(asset_key=asset_key(self._graph.manifest, parent), column_name=name)
                    for parent, name in parents
                ]
                for column, parents in known["columns"].items()
            }
        )


def trace(manifest: Mapping[str, Any], unique_id: str, sql: str) -> Lineage:
    """Column → [(parent id, parent column)] of a model's compiled SQL; no column where sqlglot cannot follow it."""
    from sqlglot import exp
    from sqlglot.errors import SqlglotError
    from sqlglot.lineage import lineage

    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns in the terminal of what it cannot follow
    node = manifest["nodes"][unique_id]
    parents: dict[str, str] = {}
    schema: dict[str, dict[str, str]] = {}
    for parent_id in node["depends_on"]["nodes"]:
        parent = manifest["sources"].get(parent_id) or manifest["nodes"][parent_id]
        name = f"parent_{len(parents)}"  # a plain name: a feed's relation is a whole read_parquet(...) call
        sql = re.sub(_pattern(parent["relation_name"]), name, sql)
        parents[name] = parent_id
        partitions = re.findall(r"/(\w+)=\*/", parent["relation_name"])  # columns that are in no file, but in its path
        schema[name] = dict.fromkeys([*parent["columns"], *partitions], "TEXT")
    found: Lineage = {}
    try:
        traced = lineage(None, sql, schema=schema, dialect="duckdb", trim_selects=False)
    except SqlglotError:
        return found
    for column, root in traced.items():
        leaves = [leaf for leaf in root.walk() if not leaf.downstream]
        pairs = {
            (parents[leaf.expression.name], exp.to_column(leaf.name).name)
            for leaf in leaves
            if isinstance(leaf.expression, exp.Table) and leaf.expression.name in parents
        }
        found[column] = sorted(pairs)
    return found


def _pattern(relation: str) -> str:
    """Matches a relation of the manifest in compiled SQL, where macros/silver.sql has filled in the silver folder."""
    return re.escape(relation).replace(r"\$SENTINEL_SILVER", "(?:[^']|'')*")
