"""What the tables of a release mean and come from, as the dbt project says: for the Data Dictionary."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sentinel_orchestration.warehouse.state import Mart

Row = tuple[Any, ...]
RELEASED = ("marts", "reports")
TABLES: Mapping[str, str] = {
    "models": "table_name varchar, layer varchar, description varchar",
    "model_columns": "table_name varchar, ordinal integer, column_name varchar, data_type varchar, description varchar",
    "model_parents": "table_name varchar, parent varchar",
    "model_pages": "table_name varchar, page varchar, path varchar",
}


def model_docs(manifest: Mapping[str, Any], marts: Sequence[Mart]) -> dict[str, list[Row]]:
    """Rows of the tables of `TABLES`, by name: the released tables, their columns, what each reads, and the pages that read it.

    `manifest` is dbt's, whose exposures are the pages; `marts` are the tables that Python makes, which dbt has as sources.
    Views are looked through.
    """
    found = sorted(_released(manifest), key=lambda node: str(node["name"]))
    columns = [(node, number, column) for node in found for number, column in enumerate(node["columns"].values(), 1)]
    parents = {(node["name"], parent) for node in found for parent in _parents(manifest, node)}
    parents |= {(mart.name, parent) for mart in marts for parent in mart.reads}
    exposures = manifest["exposures"].values()
    pages = {(table, page["label"], page["url"]) for page in exposures for table in _parents(manifest, page)}
    return {
        "models": [(node["name"], node["schema"], node["description"]) for node in found],
        "model_columns": [
            (node["name"], number, column["name"], column["data_type"] or "", column["description"])
            for node, number, column in columns
        ],
        "model_parents": sorted(parents),
        "model_pages": sorted(pages),
    }


def _released(manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    for node in [*models, *manifest["sources"].values()]:
        if node["schema"] in RELEASED:
            yield node


def _parents(manifest: Mapping[str, Any], node: Mapping[str, Any]) -> Iterator[str]:
    for parent_id in node.get("depends_on", {}).get("nodes", ()):
        parent = manifest["sources"].get(parent_id) or manifest["nodes"][parent_id]
        if parent["resource_type"] == "source" or parent["schema"] in RELEASED:
            yield parent["name"]
        else:
            yield from _parents(manifest, parent)
