"""What Dagster shows for each dbt node: asset specs for models, check specs for data tests and unit tests."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import dagster as dg

from sentinel_orchestration.contracts import load_contracts

WAREHOUSE_POOL = "warehouse"  # whoever writes the working file, reads it, or publishes, waits for its turn
UNIQUE_ID = "dagster_dbt/unique_id"
KINDS = {"view", "table", "incremental"}


def asset_key(manifest: Mapping[str, Any], unique_id: str) -> dg.AssetKey:
    """The asset that a model or source is: [schema, model], or the key that the source's meta names."""
    node = manifest["nodes"].get(unique_id)
    if node is not None:
        return dg.AssetKey([node["schema"], node["name"]])
    source = manifest["sources"][unique_id]
    named = source["config"]["meta"].get("dagster", {}).get("asset_key")
    return dg.AssetKey(named or [source["source_name"], source["name"]])


def _model_spec(manifest: Mapping[str, Any], unique_id: str) -> dg.AssetSpec:
    """What dagster-dbt's translator shows of a model, with group, owner and tags by the layer and domain of its folder.

    Not by that translator: its import takes longer than all of Dagster, and every process would wait for it.
    """
    node = manifest["nodes"][unique_id]
    layer, domain, materialized = node["schema"], node["fqn"][-2], node["config"]["materialized"]
    columns = [
        dg.TableColumn(name, column["data_type"] or "?", column["description"], tags=dict.fromkeys(column["tags"], ""))
        for name, column in node["columns"].items()
    ]
    return dg.AssetSpec(
        key=asset_key(manifest, unique_id),
        deps=sorted({asset_key(manifest, parent) for parent in node["depends_on"]["nodes"]}),
        description=node["description"],
        metadata={
            **({"dagster/column_schema": dg.TableSchema(columns)} if columns else {}),
            "dagster/table_name": f"{node['database']}.{layer}.{node['alias']}",
            "dagster/storage_kind": "duckdb",
            "dagster-dbt/materialization_type": materialized,
            UNIQUE_ID: unique_id,
        },
        skippable=True,
        group_name=f"{layer}_{domain}",
        code_version=hashlib.sha1(node["raw_code"].encode(), usedforsecurity=False).hexdigest(),
        owners=[f"team:{_owner(domain)}"],
        tags={"domain": domain, "layer": layer},
        kinds={"dbt", "duckdb", *({materialized} & KINDS)},
    )


@dataclass(frozen=True)
class DbtGraph:
    """The models of a manifest as asset specs and its tests as check specs, each by dbt's unique id."""

    manifest: Mapping[str, Any]

    @cached_property
    def models(self) -> dict[str, dg.AssetSpec]:
        """Specs of every model."""
        return {
            unique_id: _model_spec(self.manifest, unique_id)
            for unique_id, node in self.manifest["nodes"].items()
            if node["resource_type"] == "model"
        }

    @cached_property
    def checks(self) -> dict[str, dg.AssetCheckSpec]:
        """Specs of every data test and unit test on the model it tests.

        Those of severity `error` are blocking: what follows in the same run waits for them, and a release needs them.
        """
        found: dict[str, dg.AssetCheckSpec] = {}
        for unique_id, node in self.manifest["nodes"].items():
            if node["resource_type"] == "test":
                description, severity = node["description"] or _words(node), node["config"]["severity"].lower()
                found[unique_id] = _check(
                    unique_id, node["name"], self._tested(node), description, "dbt test", severity
                )
        for unique_id, node in self.manifest["unit_tests"].items():
            model, description = self.models[node["depends_on"]["nodes"][0]], node["description"] or node["name"]
            found[unique_id] = _check(unique_id, node["name"], model, description, "dbt unit test", "error")
        return found

    @cached_property
    def model_names(self) -> dict[dg.AssetKey, str]:
        """Asset → dbt's name of its model."""
        return {spec.key: self.manifest["nodes"][unique_id]["name"] for unique_id, spec in self.models.items()}

    @cached_property
    def feeds(self) -> dict[str, list[str]]:
        """Name of each model that reads silver itself → the feeds it reads."""
        found: dict[str, list[str]] = {}
        for unique_id in self.models:
            node = self.manifest["nodes"][unique_id]
            parents = [self.manifest["sources"].get(parent) for parent in node["depends_on"]["nodes"]]
            feeds = [parent["name"] for parent in parents if parent and parent["source_name"] == "silver"]
            if feeds:
                found[node["name"]] = feeds
        return found

    def _tested(self, node: Mapping[str, Any]) -> dg.AssetSpec:
        """The model that a test is on; for a singular test the last model it reads, the one furthest downstream."""
        attached = node.get("attached_node")
        parents = [parent for parent in node["depends_on"]["nodes"] if parent in self.models]
        return self.models[attached if attached in self.models else parents[-1]]


def _check(
    unique_id: str, name: str, model: dg.AssetSpec, description: str, kind: str, severity: str
) -> dg.AssetCheckSpec:
    about = {"kind": kind, "severity": severity, "domain": model.tags["domain"], UNIQUE_ID: unique_id}
    blocking = severity == "error"
    return dg.AssetCheckSpec(name, asset=model.key, description=description, blocking=blocking, metadata=about)


def _words(node: Mapping[str, Any]) -> str:
    """A generic test in words, for people who do not read dbt: 'status: accepted values active, completed'."""
    test = node.get("test_metadata") or {}
    arguments = {k: v for k, v in (test.get("kwargs") or {}).items() if k not in ("model", "column_name")}
    arguments = arguments.get("arguments", arguments)
    details = ", ".join(f"{name} = {value}" for name, value in arguments.items())
    words = str(test.get("name", node["name"])).replace("_", " ")
    return f"{node.get('column_name') or 'table'}: {words}" + (f" ({details})" if details else "")


def _owner(domain: str) -> str:
    owners = [contract.owner for contract in load_contracts().values() if contract.domain == domain]
    return owners[0] if owners else "data-platform"
