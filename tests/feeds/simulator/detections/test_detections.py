"""Detections and alerts show what truth.py plants, within statistical error."""

import numpy as np
import polars as pl
import pytest

from sentinel_orchestration.feeds.simulator.detections import truth
from sentinel_orchestration.feeds.simulator.fleet.truth import DAWN_HOURS, DUSK_HOURS, HOUR_WEIGHTS
from tests.feeds.simulator.feeds import local_hours
from tests.feeds.simulator.shares import assert_share

Feeds = dict[str, pl.DataFrame]


def test_border_sites_see_most_detections(fleet: Feeds) -> None:
    counts = fleet["detections"].group_by("site_id").len().join(fleet["sites"], on="site_id").sort("len")
    assert counts["site_name"].str.contains("Border").to_list() == [False] * 7 + [True] * 3


def test_detections_peak_at_dawn_and_dusk(large_fleet: Feeds) -> None:
    hours = local_hours(large_fleet["detections"].join(large_fleet["sites"], on="site_id"), "detected_at")
    for hour, share in enumerate(HOUR_WEIGHTS):
        assert_share((hours == hour).sum(), len(hours), share)
    busiest = set(np.argsort(HOUR_WEIGHTS)[-6:].tolist())
    assert busiest == {*DAWN_HOURS, *DUSK_HOURS}


@pytest.mark.parametrize("name", truth.TARGET_CLASSES)
def test_class_mix_and_false_positives(large_fleet: Feeds, name: str) -> None:
    planted, detections = truth.TARGET_CLASSES[name], large_fleet["detections"]
    of_class = detections.filter(pl.col("target_class") == name)
    assert_share(of_class.height, detections.height, planted.share)
    assert_share(of_class["false_positive"].sum(), of_class.height, planted.false_positive_share)
    doubtful = of_class.filter(pl.col("confidence_score") < of_class["confidence_score"].median())
    assert doubtful["false_positive"].mean() > planted.false_positive_share


def test_unknown_and_uas_are_wrong_most_often(fleet: Feeds) -> None:
    by_class = fleet["detections"].group_by("target_class").agg(pl.col("false_positive").mean())
    assert by_class.sort("false_positive")["target_class"].to_list() == ["human", "vehicle", "UAS", "unknown"]


def test_operators_acknowledge_slower_overnight(fleet: Feeds) -> None:
    alerts = fleet["alert_pipeline"]
    sited = alerts.join(fleet["detections"].select("detection_id", "site_id"), on="detection_id", maintain_order="left")
    sited = sited.join(fleet["sites"], on="site_id", maintain_order="left")
    overnight_hours = local_hours(sited, "detection_ts").is_in(truth.OVERNIGHT_HOURS)
    assert (alerts["is_overnight"] == overnight_hours).all()
    medians = dict(alerts.group_by("is_overnight").agg(pl.col("notify_to_ack_s").median()).rows())
    assert medians[False] == pytest.approx(truth.NOTIFY_TO_ACK_SEC.median, rel=0.1)
    assert 2 < medians[True] / medians[False] < 4
    others = alerts.group_by("is_overnight").agg(pl.col("ack_to_resolve_s").median())["ack_to_resolve_s"]
    assert others.max() / others.min() < 1.25


@pytest.mark.parametrize(
    ("column", "planted"),
    [
        ("detection_to_alert_s", truth.DETECTION_TO_ALERT_SEC),
        ("alert_to_notify_s", truth.ALERT_TO_NOTIFY_SEC),
        ("ack_to_resolve_s", truth.ACK_TO_RESOLVE_SEC),
    ],
)
def test_stage_latencies(large_fleet: Feeds, column: str, planted: truth.Duration) -> None:
    seconds = large_fleet["alert_pipeline"][column].drop_nulls()
    assert seconds.median() == pytest.approx(planted.median, rel=0.05)
    assert seconds.log().std() == pytest.approx(planted.sigma, rel=0.05)
    assert seconds.max() <= planted.longest + 0.001
