"""Which column each column of a model comes from, read off the compiled SQL by sqlglot.

Belongs here: column lineage and its cache (it changes with the code, not with the data). Does not belong here: running dbt.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sentinel_orchestration.files import write_text

Lineage = dict[str, list[tuple[str, str]]]


def column_lineage(
    manifest: Mapping[str, Any], compiled: Mapping[str, str], cache: Path, digest: str
) -> dict[str, Lineage]:
    """Model id → column → [(parent id, parent column)], for the models in `compiled` (id → SQL).

    Kept in `cache` under `digest`; worked out anew where the digest differs or a model is missing.
    """
    lineage: dict[str, Lineage] = {}
    with suppress(FileNotFoundError, ValueError, TypeError):  # one that is torn is worked out anew
        known = json.loads(cache.read_text(encoding="utf-8"))
        lineage = known["models"] if known["digest"] == digest else {}
    missing = [unique_id for unique_id in compiled if unique_id not in lineage]
    if missing:
        lineage |= {unique_id: _trace(manifest, unique_id, compiled[unique_id]) for unique_id in missing}
        write_text(cache, json.dumps({"digest": digest, "models": lineage}))
    return {unique_id: lineage[unique_id] for unique_id in compiled}


def _trace(manifest: Mapping[str, Any], unique_id: str, sql: str) -> Lineage:
    from sqlglot import exp
    from sqlglot.errors import SqlglotError
    from sqlglot.lineage import lineage

    node = manifest["nodes"][unique_id]
    parents: dict[str, str] = {}
    schema: dict[str, dict[str, str]] = {}
    for parent_id in node["depends_on"]["nodes"]:
        parent = manifest["sources"].get(parent_id) or manifest["nodes"][parent_id]
        name = f"parent_{len(parents)}"  # a plain name: a source's relation is a whole read_parquet(...) call
        sql = sql.replace(parent["relation_name"], name)
        parents[name] = parent_id
        schema[name] = dict.fromkeys(parent["columns"], "TEXT")
    found: Lineage = {}
    for column in node["columns"]:
        try:
            leaves = [
                leaf for leaf in lineage(column, sql, schema=schema, dialect="duckdb").walk() if not leaf.downstream
            ]
        except SqlglotError:
            continue  # a column sqlglot cannot follow has no lineage to show; the rest of the model has
        pairs = {
            (parents[leaf.expression.name], exp.to_column(leaf.name).name)
            for leaf in leaves
            if isinstance(leaf.expression, exp.Table) and leaf.expression.name in parents
        }
        found[column] = sorted(pairs)
    return found
