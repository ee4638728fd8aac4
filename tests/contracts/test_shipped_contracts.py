"""The contracts that Sentinel ships: valid ODCS, the agreed columns for the fleet and detections, rules that Polars can run."""

import json
from pathlib import Path

import jsonschema
import polars as pl
import pytest
import yaml
from open_data_contract_standard.model import OpenDataContractStandard

from sentinel_orchestration.contracts import Column, load_contracts
from sentinel_orchestration.contracts.loader import CONTRACTS_DIR
from sentinel_orchestration.lake.conform import contract_schema

COLUMNS = {  # of the feeds that DESIGN lists; other feeds have theirs
    "sites": "site_id site_name region env lat lng commissioned_date timezone",
    "towers": "tower_id model firmware_version site_id deploy_date status",
    "telemetry": "tower_id ts cpu_pct mem_pct sensor_health_score comms_uptime_min power_watts ambient_temp_c",
    "deployments": "deployment_id tower_id mission_name start_ts end_ts status",
    "incidents": "incident_id tower_id opened_at closed_at severity category root_cause",
    "components": "component_id tower_id component_type part_number installed_at failed_at mtbf_target_hours is_failed",
    "inventory": "part_number description category on_hand in_transit allocated reorder_point lead_time_days last_updated",
    "detections": "detection_id tower_id site_id detected_at target_class confidence_score bearing_deg range_m"
    " auto_resolved escalated_to_operator false_positive",
    "alert_pipeline": "detection_id detection_ts alert_generated_ts operator_notified_ts operator_ack_ts resolved_ts"
    " is_overnight detection_to_alert_s alert_to_notify_s notify_to_ack_s ack_to_resolve_s total_response_s",
}
EVENT_TIMES = {"telemetry": "ts", "detections": "detected_at", "alert_pipeline": "detection_ts"}
ALLOWED = {
    ("sites", "env"): "coastal desert tundra plains forest",
    ("towers", "status"): "active maintenance decommissioned",
    ("deployments", "status"): "active completed",
    ("incidents", "severity"): "P1 P2 P3 P4",
    ("incidents", "category"): "sensor comm power compute mechanical other",
    ("components", "component_type"): "radar eo_ir comm power compute",
    ("detections", "target_class"): "human vehicle UAS unknown",
}


@pytest.mark.parametrize("path", sorted(CONTRACTS_DIR.glob("*/*.odcs.yaml")), ids=lambda path: path.name)
def test_each_file_is_valid_odcs(path: Path) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    jsonschema.validate(document, json.loads(OpenDataContractStandard.json_schema()))


@pytest.mark.parametrize("feed", COLUMNS)
def test_a_feed_has_exactly_the_agreed_columns(feed: str) -> None:
    assert " ".join(load_contracts()[feed].column_names) == COLUMNS[feed]


@pytest.mark.parametrize("feed", COLUMNS)
def test_event_feeds_have_an_event_time_and_freshness_limits(feed: str) -> None:
    contract = load_contracts()[feed]
    assert contract.event_time == EVENT_TIMES.get(feed)
    limits = (contract.freshness_warn_hours, contract.freshness_error_hours)
    assert limits == ((6, 24) if feed in EVENT_TIMES else (None, None))


def test_a_feed_comes_after_the_feeds_it_refers_to() -> None:
    placed: set[str] = set()
    for feed, contract in load_contracts().items():
        assert {reference.feed for _, reference in contract.references} <= placed
        placed.add(feed)


def test_references_are_those_of_the_fleet() -> None:
    contracts = {feed: load_contracts()[feed] for feed in COLUMNS}
    found = {f"{f}.{c} → {r.feed}.{r.column}" for f, k in contracts.items() for c, r in k.references}
    to_tower = {"telemetry", "deployments", "incidents", "components", "detections"}
    assert found == {f"{feed}.tower_id → towers.tower_id" for feed in to_tower} | {
        "towers.site_id → sites.site_id",
        "detections.site_id → sites.site_id",
        "alert_pipeline.detection_id → detections.detection_id",
    }


@pytest.mark.parametrize(("where", "values"), ALLOWED.items(), ids=".".join)
def test_allowed_values_are_the_agreed_ones(where: tuple[str, str], values: str) -> None:
    feed, name = where
    column = next(c for c in load_contracts()[feed].columns if c.name == name)
    assert " ".join(column.allowed) == values


def test_every_feed_and_column_is_described_and_owned() -> None:
    for contract in load_contracts().values():
        assert contract.owner != "unowned"
        assert contract.description
        assert contract.grain
        assert all(column.description for column in contract.columns)


def test_row_rules_run_on_the_contracts_columns_and_give_booleans() -> None:
    for contract in load_contracts().values():
        frame = pl.DataFrame(schema=contract_schema(contract))
        for rule in contract.rules:
            assert frame.select(pl.sql_expr(rule.expression)).dtypes == [pl.Boolean], f"{contract.feed}: {rule.name}"


def test_rules_in_words() -> None:
    column = Column("x", "number", "", minimum=0, maximum=1_000_000, allowed=("1", "2"), max_length=64, pattern="a+")
    assert column.rule_text() == "one of 1, 2; 0 to 1,000,000; matches a+; at most 64 characters"
    assert Column("x", "number", "", minimum=2.5).rule_text() == "at least 2.5"
    assert Column("x", "number", "", maximum=2.5).rule_text() == "at most 2.5"


def test_a_dictionary_says_of_a_personal_column_that_it_is_one() -> None:
    assert Column("x", "number", "", minimum=2.5, is_personal=True).dictionary_text() == "at least 2.5; personal"
    assert Column("x", "string", "", is_personal=True).dictionary_text() == "personal"
    assert Column("x", "string", "").dictionary_text() == ""
