"""What Dagster shows for each dbt node: asset specs for models, check specs for data tests and unit tests.

Belongs here: reading dbt's manifest. Does not belong here: running dbt.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator

from sentinel_orchestration.contracts import Contract, load_contracts

DBT_KINDS = {"view": "view", "table": "table", "incremental": "incremental"}


class SentinelTranslator(DagsterDbtTranslator):
    """Keys are [schema, model]; group, owner and tags follow the layer and domain of the model's folder."""

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: Any) -> dg.AssetSpec:
        """The spec of a model or source, dbt's own with our key, group, owner, kinds and tags."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        if unique_id.startswith("source."):
            return spec
        node = manifest["nodes"][unique_id]
        layer, domain = node["schema"], node["fqn"][-2]
        return spec.replace_attributes(
            key=dg.AssetKey([layer, node["name"]]),
            group_name=f"{layer}_{domain}",
            owners=[f"team:{_owner(domain)}"],
            kinds={"dbt", "duckdb", DBT_KINDS.get(node["config"]["materialized"], "model")},
            tags={"domain": domain, "layer": layer},
            description=node["description"],
            deps=[self._key_of(manifest, parent) for parent in node["depends_on"]["nodes"]],
        )

    def _key_of(self, manifest: Mapping[str, Any], unique_id: str) -> dg.AssetKey:
        if unique_id.startswith("source."):
            return dg.AssetKey(["silver", manifest["sources"][unique_id]["name"]])
        node = manifest["nodes"][unique_id]
        return dg.AssetKey([node["schema"], node["name"]])


@dataclass(frozen=True)
class DbtGraph:
    """The models of a manifest as asset specs and its tests as check specs, each by dbt's unique id."""

    manifest: Mapping[str, Any]

    @cached_property
    def models(self) -> dict[str, dg.AssetSpec]:
        """Specs of every model and seed."""
        translator = SentinelTranslator()
        return {
            unique_id: translator.get_asset_spec(self.manifest, unique_id, None)
            for unique_id, node in self.manifest["nodes"].items()
            if node["resource_type"] in ("model", "seed")
        }

    @cached_property
    def checks(self) -> dict[str, dg.AssetCheckSpec]:
        """Specs of every data test and unit test on the model it tests.

        All are blocking, so that what follows waits for them; only a failure of severity error stops it.
        """
        found: dict[str, dg.AssetCheckSpec] = {}
        for unique_id, node in self.manifest["nodes"].items():
            if node["resource_type"] == "test":
                description = node["description"] or _words(node)
                severity = node["config"]["severity"].lower()
                found[unique_id] = _check(node["name"], self._tested_model(node), description, "dbt test", severity)
        for unique_id, node in self.manifest["unit_tests"].items():
            model = self.models[node["depends_on"]["nodes"][0]]
            found[unique_id] = _check(
                node["name"], model, node["description"] or node["name"], "dbt unit test", "error"
            )
        return found

    def _tested_model(self, node: Mapping[str, Any]) -> dg.AssetSpec:
        """The model a test stands beside; for a singular test the last model it reads, the one furthest downstream."""
        attached = node.get("attached_node")
        parents = [parent for parent in node["depends_on"]["nodes"] if parent in self.models]
        return self.models[attached if attached in self.models else parents[-1]]


def _check(name: str, model: dg.AssetSpec, description: str, kind: str, severity: str) -> dg.AssetCheckSpec:
    about = {"kind": kind, "severity": severity, "domain": model.tags["domain"]}
    return dg.AssetCheckSpec(name, asset=model.key, description=description, blocking=True, metadata=about)


def _words(node: Mapping[str, Any]) -> str:
    """A generic test in words, for people who do not read dbt: 'status: accepted values active, completed'."""
    test = node.get("test_metadata") or {}
    arguments = {k: v for k, v in (test.get("kwargs") or {}).items() if k not in ("model", "column_name")}
    arguments = arguments.get("arguments", arguments)
    details = ", ".join(f"{name} = {value}" for name, value in arguments.items())
    words = str(test.get("name", node["name"])).replace("_", " ")
    return f"{node.get('column_name') or 'table'}: {words}" + (f" ({details})" if details else "")


def _owner(domain: str) -> str:
    contracts: list[Contract] = [c for c in load_contracts().values() if c.domain == domain]
    return contracts[0].owner if contracts else "data-platform"
