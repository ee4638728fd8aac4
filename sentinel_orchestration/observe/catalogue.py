"""What the graph is now: its assets and checks, with who owns them and which domain they are of."""

from collections.abc import Iterator

import dagster as dg

from sentinel_orchestration.internals import AssetGraph
from sentinel_orchestration.observe.history import Row

TEAM = "team:"


def catalogue(graph: AssetGraph) -> dict[str, list[Row]]:
    """The rows of the history's tables `assets` and `checks`."""
    return {"assets": list(_assets(graph)), "checks": list(_checks(graph))}


def _assets(graph: AssetGraph) -> Iterator[Row]:
    checked = {key.asset_key for key in graph.asset_check_keys}
    for key in sorted(graph.materializable_asset_keys):
        node = graph.get(key)
        domain = node.tags.get("domain")
        yield key.to_user_string(), key.path[0], domain, _owner(graph, key), node.description, key in checked


def _checks(graph: AssetGraph) -> Iterator[Row]:
    for key in sorted(graph.asset_check_keys):
        spec = graph.get_check_spec(key)
        about = spec.metadata or {}
        yield (
            *(key.asset_key.to_user_string(), key.name, about.get("kind", "asset check"), about.get("domain")),
            *(_owner(graph, key.asset_key), about.get("severity", "error"), spec.blocking, spec.description),
        )


def _owner(graph: AssetGraph, key: dg.AssetKey) -> str | None:
    owners = graph.get(key).owners if graph.has(key) else []
    return owners[0].removeprefix(TEAM) if owners else None
