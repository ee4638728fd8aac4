"""The event log writes a batch at once; what it then tells is what Dagster's own, one event at a time, tells."""

import dagster as dg
import pytest
from dagster._core.instance.ref import InstanceRef

from sentinel_orchestration.automation.event_log import WarmSqliteEventLogStorage
from sentinel_orchestration.automation.instance import open_instance
from sentinel_orchestration.settings import Settings

DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-11")
RUN_ID = "2f1c7c0e-0000-4000-8000-000000000001"


@dg.asset(
    partitions_def=DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    check_specs=[dg.AssetCheckSpec("whole", asset="daily")],
)
def daily(context):
    yield dg.MaterializeResult(metadata={"rows": 7}, tags={"colour": "blue"}, data_version=dg.DataVersion("v1"))
    yield dg.AssetCheckResult(check_name="whole", passed=True)


@dg.asset(deps=[daily])
def whole():
    return dg.MaterializeResult(metadata={"rows": 70})


def _told(instance):
    """What the instance knows after a run over all days: the answers that the UI and the checks stand on."""
    with instance:
        job = dg.Definitions(assets=[daily, whole], jobs=[dg.define_asset_job("everything")]).resolve_job_def(
            "everything"
        )
        span = {"dagster/asset_partition_range_start": "2026-01-01", "dagster/asset_partition_range_end": "2026-01-10"}
        assert job.execute_in_process(instance=instance, tags=span, run_id=RUN_ID).success
        log = instance.event_log_storage
        newest = log.get_asset_records([daily.key, whole.key])
        check = dg.AssetCheckKey(daily.key, "whole")
        events = instance.all_logs(RUN_ID)
        return {
            "events": sorted(str(entry.dagster_event_type) for entry in events),
            "days": instance.get_materialized_partitions(daily.key),
            "tags": [dict(tags) for tags in instance.get_event_tags_for_asset(daily.key)],
            "newest": {
                record.asset_entry.asset_key.to_user_string(): (
                    record.asset_entry.last_run_id,
                    record.asset_entry.last_materialization.asset_materialization.partition,
                    record.asset_entry.last_materialization.asset_materialization.metadata["rows"].value,
                )
                for record in newest
            },
            "records": [
                (record.partition_key, record.run_id)
                for record in instance.fetch_materializations(daily.key, limit=100).records
            ],
            "check": [(r.status, r.run_id) for r in log.get_asset_check_execution_history(check, limit=10)],
        }


@pytest.fixture
def stock(tmp_path):
    (tmp_path / "stock").mkdir()
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(tmp_path / "stock")))


def test_a_batch_tells_what_single_events_tell(stock, tmp_path, monkeypatch):
    monkeypatch.delenv("DAGSTER_EVENT_BATCH_SIZE", raising=False)
    expected = _told(stock)
    batches = []
    store = WarmSqliteEventLogStorage.store_event_batch
    monkeypatch.setattr(
        WarmSqliteEventLogStorage,
        "store_event_batch",
        lambda log, events: batches.append(len(events)) or store(log, events),
    )
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "1000")

    assert _told(open_instance(Settings(home=tmp_path / "ours"))) == expected

    assert len(expected["days"]) == 10
    assert max(batches) >= 10
