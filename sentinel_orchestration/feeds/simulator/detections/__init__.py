"""The simulated detections, and the alerts that follow from them.

Belongs here: what towers see, how sure they are, and how fast operators react; and what is planted in that (truth). Does
not belong here: the towers themselves (fleet).
"""

from sentinel_orchestration.feeds.simulator.detections import alert_pipeline, detections
from sentinel_orchestration.feeds.simulator.world import EventGenerator, SnapshotGenerator

EVENT_FEEDS: dict[str, EventGenerator] = {
    "detections": detections.detections,
    "alert_pipeline": alert_pipeline.alert_pipeline,
}
SNAPSHOT_FEEDS: dict[str, SnapshotGenerator] = {}
