"""How the checks on silver get a place in the graph: each kind is an asset too, which a release waits for.

No model waits for these checks, since what they find never blocks; but a release shows what they found, so it comes after them.
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg


def check_step(name: str, description: str, specs: Sequence[dg.AssetCheckSpec]) -> dict[str, Any]:
    """The arguments of `@dg.multi_asset` for a step that carries `specs` and materializes the asset checks/<name>."""
    asset = dg.AssetSpec(
        step_key(name),
        deps=sorted({spec.asset_key for spec in specs}),
        group_name="checks",
        kinds={"check"},
        owners=["team:data-platform"],
        tags={"layer": "checks"},
        description=description,
        skippable=True,
    )
    return {
        "name": f"{name}_checks",
        "specs": [asset],
        "check_specs": specs,
        "can_subset": True,
        "allow_arbitrary_check_specs": True,
    }


def step_key(name: str) -> dg.AssetKey:
    """The asset that stands for the checks of this name."""
    return dg.AssetKey(["checks", name])
