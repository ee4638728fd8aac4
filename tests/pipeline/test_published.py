"""The default build: what is published, and what Dagster shows of it."""

from datetime import datetime

import dagster as dg
import pytest

from sentinel_orchestration.checks.suites import SUITES
from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.publish.manifest import read_current
from sentinel_orchestration.resources import default_resources

MARTS = {
    "dim_site": "site_id site_name region env timezone lat lng active_tower_count maintenance_tower_count total_tower_count",
    "dim_tower": "tower_id site_id site_name region model firmware_version status deploy_date age_days",
    "fct_fleet_health_daily": "tower_id site_id telemetry_date avg_uptime_pct avg_sensor_health last_heartbeat_ts "
    "incidents_opened critical_incidents",
    "fct_deployment_status": "deployment_id tower_id site_id mission_name start_ts end_ts duration_hours status",
    "fct_component_reliability": "component_id tower_id site_id component_type part_number installed_at failed_at "
    "operating_hours observed_mtbf_hours target_mtbf_hours ratio",
    "fct_inventory_status": "part_number description category on_hand allocated in_transit available_stock reorder_point "
    "stock_status lead_time_days",
    "fct_detection_events": "detection_id tower_id site_id detected_at detection_date hour_of_day target_class "
    "confidence_score auto_resolved escalated_to_operator false_positive bearing_deg range_m",
    "fct_alert_pipeline_latency": "detection_id tower_id site_id is_overnight detect_to_alert_sec alert_to_notify_sec "
    "notify_to_ack_sec ack_to_resolve_sec total_latency_min",
    "fct_incidents": "incident_id tower_id site_id severity category root_cause opened_at closed_at is_open age_hours "
    "resolve_hours",
}


def test_every_feed_went_through_the_gate_whole(default_build):
    rows = default_build.query(
        "select feed, rows_received, rows_good, rows_quarantined, rows_duplicate from ops.feed_summary"
    )
    assert {row[0] for row in rows} == set(load_contracts())
    assert all(
        received == good > 0 and quarantined == duplicates == 0 for _, received, good, quarantined, duplicates in rows
    )
    assert 80_000 < sum(row[1] for row in rows) < 86_000


@pytest.mark.parametrize("mart", MARTS)
def test_marts_hold_at_least_the_designed_columns(default_build, mart):
    columns = {name for (name,) in default_build.query(f"select column_name from (describe marts.{mart})")}
    assert set(MARTS[mart].split()) <= columns
    assert default_build.query(f"select count(*) from marts.{mart}")[0][0] > 0


def test_only_tables_are_published(default_build):
    assert default_build.query("select count(*) from duckdb_views() where not internal") == [(0,)]
    schemas = {schema for (schema,) in default_build.query("select distinct schema_name from duckdb_tables()")}
    assert schemas == {"marts", "reports", "ops"}


def test_the_manifest_tells_what_the_file_holds(default_build):
    manifest = read_current(default_build.settings.layout)
    assert manifest.as_of == datetime(2026, 11, 21)
    assert default_build.query("select release_id, as_of_basis, verdict from ops.release")[0][:2] == (
        manifest.release_id,
        "setting",
    )
    for table, content in manifest.tables.items():
        assert default_build.query(f"select count(*) from {table}") == [(content.rows,)]
    assert dict(default_build.query("select table_name, content_sha256 from ops.tables")) == {
        name: table.sha256 for name, table in manifest.tables.items() if not name.startswith("ops.")
    }


def test_all_blocking_checks_ran_and_passed(default_build):
    statuses = dict(default_build.query("select status, count(*) from ops.check_results where blocking group by 1"))
    assert set(statuses) <= {"passed", "warned"}
    assert statuses["passed"] > 200
    kinds = dict(default_build.query("select kind, count(*) from ops.check_results group by 1"))
    assert kinds["dbt test"] >= 66
    assert kinds["dbt unit test"] >= 15
    assert kinds["expectation"] == len(SUITES)
    assert kinds["freshness"] == len([c for c in load_contracts().values() if c.event_time])


def test_every_dbt_test_is_a_check_on_its_model_with_its_severity(default_build):
    graph = default_build.definitions.resolve_asset_graph()
    names = {key.name for key in graph.asset_check_keys}
    manifest = default_resources(default_build.settings)["dbt"].manifest()
    tests = {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "test"}
    tests |= {node["name"] for node in manifest["unit_tests"].values()}
    assert tests <= names
    warn = {
        n["name"]
        for n in manifest["nodes"].values()
        if n["resource_type"] == "test" and n["config"]["severity"] == "WARN"
    }
    shown = {
        name for (name,) in default_build.query("select check_name from ops.check_results where severity = 'warn'")
    }
    assert warn <= shown


def test_assets_have_groups_owners_kinds_and_descriptions(default_build):
    graph = default_build.definitions.resolve_asset_graph()
    keys = graph.get_all_asset_keys()
    assert len(keys) >= 3 * len(load_contracts()) + len(MARTS)
    for key in keys:
        node = graph.get(key)
        assert node.group_name not in (None, "default"), key
        assert all((node.owners, node.kinds, node.description)), key
    groups = {graph.get(key).group_name for key in keys}
    assert {
        "bronze_fleet",
        "silver_detections",
        "staging_fleet",
        "marts_fleet",
        "marts_detections",
        "published",
    } <= groups


def _metadata(default_build, *path):
    event = default_build.instance.get_latest_materialization_event(dg.AssetKey(list(path)))
    return event.asset_materialization.metadata


def test_materialisations_show_rows_schema_and_lineage(default_build):
    metadata = _metadata(default_build, "marts", "fct_alert_pipeline_latency")
    assert (
        metadata["dagster/row_count"].value
        == default_build.query("select count(*) from marts.fct_alert_pipeline_latency")[0][0]
    )
    spec = default_build.definitions.resolve_asset_graph().get(dg.AssetKey(["marts", "fct_alert_pipeline_latency"]))
    schema = {column.name: column for column in spec.metadata["dagster/column_schema"].columns}
    assert schema["total_latency_min"].description
    lineage = metadata["dagster/column_lineage"].value.deps_by_column
    sources = {(dep.asset_key.path[-1], dep.column_name) for dep in lineage["tower_id"]}
    assert any(column == "tower_id" for _, column in sources), lineage["tower_id"]


def test_every_mart_column_of_a_dimension_has_lineage(default_build):
    lineage = _metadata(default_build, "marts", "dim_tower")["dagster/column_lineage"].value.deps_by_column
    assert {"tower_id", "site_id", "model", "firmware_version", "status", "deploy_date"} <= {
        c for c, deps in lineage.items() if deps
    }


def test_gate_metadata_counts_and_plots(default_build):
    metadata = _metadata(default_build, "silver", "telemetry")
    assert metadata["rows_quarantined"].value == 0
    assert "rows per day" in metadata["rows_by_day"].value
    assert metadata["bytes"].value > 0


def test_partitions_of_event_feeds_are_materialised_and_no_others(default_build):
    keys = default_build.instance.get_materialized_partitions(dg.AssetKey(["silver", "telemetry"]))
    assert len(keys) == 60
    assert (min(keys), max(keys)) == ("2026-09-22", "2026-11-20")
