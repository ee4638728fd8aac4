"""Alerts agree with the detections they are about, and with themselves."""

import polars as pl

from sentinel_orchestration.feeds.simulator.detections.truth import AUTO_RESOLVE_CONFIDENCE


def test_every_escalated_detection_has_exactly_one_alert(fleet: dict[str, pl.DataFrame]) -> None:
    detections, alerts = fleet["detections"], fleet["alert_pipeline"]
    assert (detections["auto_resolved"] != detections["escalated_to_operator"]).all()
    escalated = detections.filter("escalated_to_operator").select("detection_id", "detected_at")
    assert escalated.rows() == alerts.select("detection_id", "detection_ts").rows()
    resolves = (pl.col("confidence_score") >= AUTO_RESOLVE_CONFIDENCE) & (pl.col("target_class") != "unknown")
    assert detections.filter(resolves != pl.col("auto_resolved")).is_empty()


def test_durations_are_the_differences_of_the_times(fleet: dict[str, pl.DataFrame]) -> None:
    steps = {
        "detection_to_alert_s": ("detection_ts", "alert_generated_ts"),
        "alert_to_notify_s": ("alert_generated_ts", "operator_notified_ts"),
        "notify_to_ack_s": ("operator_notified_ts", "operator_ack_ts"),
        "ack_to_resolve_s": ("operator_ack_ts", "resolved_ts"),
        "total_response_s": ("detection_ts", "resolved_ts"),
    }
    for duration, (start, end) in steps.items():
        seconds = (pl.col(end) - pl.col(start)).dt.total_microseconds() / 1e6
        differs = (seconds - pl.col(duration)).abs() > 1e-9
        alerts = fleet["alert_pipeline"]
        assert alerts.filter(differs | (seconds.is_null() != pl.col(duration).is_null())).is_empty(), duration
