"""The simulated fleet: sites and towers, their readings, missions, faults, parts and spares.

Belongs here: one module per feed, the fleet they share (fleet), what they plant (truth) and labels (catalogue). Does not
belong here: what the towers see (detections).
"""

from sentinel_orchestration.feeds.simulator.fleet import (
    components,
    deployments,
    incidents,
    inventory,
    sites,
    telemetry,
    towers,
)
from sentinel_orchestration.feeds.simulator.world import EventGenerator, SnapshotGenerator

EVENT_FEEDS: dict[str, EventGenerator] = {"telemetry": telemetry.telemetry}
SNAPSHOT_FEEDS: dict[str, SnapshotGenerator] = {
    "sites": sites.sites,
    "towers": towers.towers,
    "deployments": deployments.deployments,
    "incidents": incidents.incidents,
    "components": components.components,
    "inventory": inventory.inventory,
}
