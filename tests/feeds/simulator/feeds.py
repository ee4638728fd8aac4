"""The feeds whose rows follow from the towers of the fleet; other simulated feeds have tests of their own."""

TOWER_EVENTS = ("telemetry", "detections", "alert_pipeline")
TOWER_SNAPSHOTS = ("sites", "towers", "deployments", "incidents", "components", "inventory")
TOWER_FEEDS = (*TOWER_EVENTS, *TOWER_SNAPSHOTS)
