"""Every simulated row keeps its feed's contract: columns, types, values, keys, references and row rules."""

from collections.abc import Callable
from datetime import datetime, timedelta

import polars as pl
import pytest

from sentinel_orchestration.contracts import Column, Contract, load_contracts
from sentinel_orchestration.feeds.simulator import EVENT_FEEDS, SNAPSHOT_FEEDS, World

DTYPES = {
    "string": pl.String,
    "integer": pl.Int64,
    "number": pl.Float64,
    "boolean": pl.Boolean,
    "date": pl.Date,
    "timestamp": pl.Datetime("us"),
}

PAST_MOMENTS = {
    "incidents": ["opened_at", "closed_at"],
    "deployments": ["start_ts", "end_ts"],
    "components": ["installed_at", "failed_at"],
}


def broken_values(frame: pl.DataFrame, column: Column) -> int:
    value = pl.col(column.name)
    broken = [pl.lit(False)]
    if column.is_required:
        broken.append(value.is_null())
    if column.allowed:
        broken.append(~value.is_in(column.allowed))
    if column.minimum is not None:
        broken.append((value < column.minimum) | (value.is_nan() if column.type == "number" else False))
    if column.maximum is not None:
        broken.append(value > column.maximum)
    if column.max_length is not None:
        broken.append(value.str.len_chars() > column.max_length)
    if column.pattern is not None:
        broken.append(~value.str.contains(column.pattern))
    return frame.select(pl.any_horizontal(broken).fill_null(False).sum()).item()


def assert_conforms(feeds: dict[str, pl.DataFrame], contracts: dict[str, Contract]) -> None:
    for feed, frame in feeds.items():
        contract = contracts[feed]
        assert frame.schema == {column.name: DTYPES[column.type] for column in contract.columns}, feed
        for column in contract.columns:
            assert broken_values(frame, column) == 0, f"{feed}.{column.name}: {column.rule_text()}"
        assert not frame.select(contract.key).is_duplicated().any(), f"{feed}: key"
        for rule in contract.rules:
            broken = ~pl.sql_expr(rule.expression)
            assert frame.filter(broken.fill_null(False)).is_empty(), f"{feed}: {rule.name}"
        for column_name, reference in contract.references:
            known = feeds[reference.feed][reference.column].implode()
            assert frame.filter(~pl.col(column_name).is_in(known)).is_empty(), f"{feed}.{column_name}"


def test_there_is_a_generator_for_every_fleet_feed() -> None:
    by_kind = {feed: contract.kind for feed, contract in load_contracts().items()}
    assert {feed: by_kind[feed] for feed in EVENT_FEEDS} == dict.fromkeys(EVENT_FEEDS, "event")
    assert {feed: by_kind[feed] for feed in SNAPSHOT_FEEDS} == dict.fromkeys(SNAPSHOT_FEEDS, "snapshot")
    assert len(EVENT_FEEDS) + len(SNAPSHOT_FEEDS) == 9


def test_default_world_conforms(fleet: dict[str, pl.DataFrame]) -> None:
    assert_conforms(fleet, load_contracts())


def test_large_world_conforms(large_fleet: dict[str, pl.DataFrame]) -> None:
    assert_conforms(large_fleet, load_contracts())


@pytest.mark.parametrize(
    ("world", "as_of"),
    [
        (World(1, 1, 1), datetime(2026, 7, 1, 9)),
        (World(2**63 - 1, 1000, 5), datetime(2028, 2, 29, 12)),
        (World(7, 30, 200), datetime(2028, 3, 1)),
        (World(42, 10, 60), datetime(2015, 6, 1, 5)),
        (World(42, 10, 60), datetime(2018, 7, 1)),
        (World(42, 10, 60), datetime(2060, 1, 1, 23)),
        (World(42, 10, 60), datetime(2010, 1, 1)),
    ],
)
def test_other_worlds_and_times_conform(simulate: Callable[..., dict], world: World, as_of: datetime) -> None:
    feeds = simulate(world, as_of, 3)
    assert_conforms(feeds, load_contracts())
    for feed in EVENT_FEEDS:
        event_time = feeds[feed][load_contracts()[feed].event_time]
        assert event_time.is_between(as_of - timedelta(days=4), as_of, closed="left").all()
    for feed, moments in PAST_MOMENTS.items():
        assert all((feeds[feed][moment].drop_nulls() < as_of).all() for moment in moments)
    assert (feeds["inventory"]["last_updated"] <= as_of).all()


def test_before_the_fleet_was_built_there_is_nothing(simulate: Callable[..., dict]) -> None:
    assert all(frame.is_empty() for frame in simulate(World(42, 10, 60), datetime(2010, 1, 1), 2).values())


def test_components_and_inventory_share_their_part_numbers(fleet: dict[str, pl.DataFrame]) -> None:
    installed = set(fleet["components"]["part_number"])
    assert set(fleet["inventory"]["part_number"]) == installed
    by_part = fleet["components"].select("part_number", "component_type").unique()
    shelf = fleet["inventory"].join(by_part, on="part_number")
    assert shelf.height == fleet["inventory"].height
    assert (shelf["category"] == shelf["component_type"]).all()


def test_every_escalated_detection_has_exactly_one_alert(fleet: dict[str, pl.DataFrame]) -> None:
    detections, alerts = fleet["detections"], fleet["alert_pipeline"]
    assert (detections["auto_resolved"] != detections["escalated_to_operator"]).all()
    escalated = detections.filter("escalated_to_operator").select("detection_id", "detected_at")
    assert escalated.rows() == alerts.select("detection_id", "detection_ts").rows()
    resolves = (pl.col("confidence_score") >= 0.85) & (pl.col("target_class") != "unknown")
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


@pytest.mark.parametrize("moment", ["2026-11-21T00", "2024-05-06T11", "2031-08-01T23"])
def test_default_has_about_83_000_rows(simulate: Callable[..., dict], moment: str) -> None:
    feeds = simulate(World(42, 10, 60), datetime.fromisoformat(moment), 60)
    rows = {feed: frame.height for feed, frame in feeds.items()}
    assert 81_000 <= sum(rows.values()) <= 85_000
    assert rows["sites"] == 10
    assert rows["towers"] == 60
    assert 75_500 <= rows["telemetry"] <= 78_500
    assert 3_000 <= rows["detections"] <= 3_600
    assert 1_200 <= rows["alert_pipeline"] <= 1_700
    assert 140 <= rows["incidents"] <= 260
    assert 120 <= rows["deployments"] <= 180
    assert 400 <= rows["components"] <= 800
    assert 35 <= rows["inventory"] <= 40
