"""When an asset is materialized by itself: Dagster's automation conditions, and the sensor that evaluates them.

Each condition looks at an asset's own inputs only, so that what changed flows down in one run: from rows of one day to the marts
that read them, the release, and its pages.
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from sentinel_orchestration.automation.switch import sensor_status
from sentinel_orchestration.lake.run import EVERY_DAY_TAG
from sentinel_orchestration.publish.assets import WAREHOUSE_KEY
from sentinel_orchestration.settings import Settings

LOOK_EVERY_SEC = 10


def on_new_input(changed: dg.AutomationCondition[Any]) -> dg.AutomationCondition[Any]:
    """Once per change of the inputs, when none of them is being made.

    Not `AutomationCondition.eager()`: below daily partitions, one that is missing would hold it back for ever.
    """
    condition = (
        changed.since_last_handled()
        & ~dg.AutomationCondition.in_progress()
        & ~dg.AutomationCondition.any_deps_in_progress()
    )
    return condition.with_label("an input has changed")


def condition_of(key: dg.AssetKey) -> dg.AutomationCondition[Any] | None:
    """The condition of an asset by its layer. Bronze has none: what receives rows is a sensor, a schedule or a person."""
    layer, *_, name = key.path
    updated = dg.AutomationCondition.any_deps_updated()
    if layer == "bronze":
        return None
    if layer == "silver":
        return on_new_input(_received_alone(dg.AssetKey(["bronze", name])))
    if key == WAREHOUSE_KEY:  # a check that was made again by the clock is no reason for a release
        return on_new_input(updated.ignore(dg.AssetSelection.groups("checks")))
    return on_new_input(updated)


def _received_alone(bronze: dg.AssetKey) -> dg.AutomationCondition[Any]:
    """Rows came in a run that does not gate them itself. What the feed refers to does not count: it would ask for every day."""
    together = dg.AutomationCondition.any_new_update_has_run_tags(tag_keys={EVERY_DAY_TAG})
    alone = dg.AutomationCondition.newly_updated() & ~together
    return dg.AutomationCondition.any_deps_match(alone).allow(dg.AssetSelection.assets(bronze))


def with_conditions(assets: Sequence[dg.AssetsDefinition]) -> list[dg.AssetsDefinition]:
    """The same assets, each with its condition."""
    given = dg.map_asset_specs(
        lambda spec: spec.replace_attributes(automation_condition=condition_of(spec.key)), assets
    )
    return [part for part in given if isinstance(part, dg.AssetsDefinition)]


def flow_sensor(settings: Settings) -> dg.AutomationConditionSensorDefinition:
    """Evaluates the conditions of all assets."""
    return dg.AutomationConditionSensorDefinition(
        "flow",
        target=dg.AssetSelection.all(),
        minimum_interval_seconds=LOOK_EVERY_SEC,
        default_status=sensor_status(settings),
        description="Materializes what is made of new rows, down to the report.",
    )
