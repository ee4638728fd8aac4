"""What starts runs: the range a build covers, the schedule, and a single day asked for in the UI."""

import shutil
from datetime import datetime, timedelta

import dagster as dg

from sentinel_orchestration.automation.instance import open_instance
from sentinel_orchestration.automation.jobs import build_tags, hourly_build
from sentinel_orchestration.definitions import build_definitions
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.silver import gate_feed
from sentinel_orchestration.settings import Settings

AS_OF = datetime(2026, 11, 21, 5)


def _settings(tmp_path):
    return Settings(home=tmp_path, as_of=AS_OF, sites=2, towers=5, days=3)


def test_a_build_looks_at_every_day_and_records_those_with_other_batches(tmp_path):
    settings = _settings(tmp_path)
    lake = Lake(settings, AS_OF)
    assert build_tags(lake) == {
        "sentinel/as_of": "2026-11-21T05:00:00",
        "sentinel/every_day": "true",
        "dagster/asset_partition_range_start": "2026-11-19",
        "dagster/asset_partition_range_end": "2026-11-21",
    }
    for feed in lake.contracts:
        lake.receive(feed)
        gate_feed(lake, feed)
    assert _range(lake) == ("2026-11-21", "2026-11-21")  # nothing changed: Dagster wants one day at least
    assert _range(Lake(settings, AS_OF + timedelta(days=1))) == ("2026-11-21", "2026-11-22")  # one is complete, one new
    shutil.rmtree(settings.silver_dir / "telemetry" / "day=2026-11-20")
    assert _range(lake) == ("2026-11-20", "2026-11-21")


def _range(lake):
    tags = build_tags(lake)
    return tags["dagster/asset_partition_range_start"], tags["dagster/asset_partition_range_end"]


def test_the_schedule_is_off_and_asks_for_the_same_run_as_the_command(tmp_path):
    schedule = hourly_build(_settings(tmp_path))
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED
    with dg.build_schedule_context() as context:
        requests = schedule.evaluate_tick(context).run_requests
    assert [request.tags["sentinel/as_of"] for request in requests] == ["2026-11-21T05:00:00"]


def test_one_day_can_be_materialised_alone_and_touches_no_other(tmp_path):
    settings = _settings(tmp_path)
    definitions = build_definitions(settings)
    assets = [dg.AssetKey([layer, feed]) for layer in ("bronze", "silver") for feed in ("sites", "towers", "telemetry")]
    with open_instance(settings) as instance:
        job = definitions.resolve_job_def("build_without_report")
        result = job.execute_in_process(
            instance=instance,
            partition_key="2026-11-20",
            asset_selection=assets,
            tags={"sentinel/as_of": AS_OF.isoformat()},
        )
        assert result.success
        silver = instance.get_materialized_partitions(dg.AssetKey(["silver", "telemetry"]))
    assert silver == {"2026-11-20"}
    assert [path.parent.name for path in settings.silver_dir.glob("telemetry/*/part.parquet")] == ["day=2026-11-20"]


def test_definitions_load_and_every_job_resolves(tmp_path):
    definitions = build_definitions(_settings(tmp_path))
    dg.Definitions.validate_loadable(definitions)
    for job in ("build", "build_without_report"):
        assert definitions.resolve_job_def(job)
