"""What starts runs: the jobs, with and without partitions, and the schedule."""

from datetime import datetime

import dagster as dg
import pytest

from sentinel_orchestration.automation.instance import open_instance
from sentinel_orchestration.automation.schedules import hourly_build
from sentinel_orchestration.definitions import build_definitions
from sentinel_orchestration.settings import Settings

AS_OF = datetime(2026, 11, 21, 5)
DAYS = ["2026-11-19", "2026-11-20", "2026-11-21"]
TELEMETRY = dg.AssetKey(["silver", "telemetry"])
ASSETS = [dg.AssetKey([layer, feed]) for layer in ("bronze", "silver") for feed in ("sites", "towers", "telemetry")]


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path, as_of=AS_OF, sites=2, towers=5, days=3)


def _run(settings, instance, **arguments):
    job = build_definitions(settings).resolve_job_def("build_without_report")
    result = job.execute_in_process(instance=instance, asset_selection=ASSETS, **arguments)
    assert result.success
    return result


def _recorded(instance, run_id):
    records = instance.fetch_materializations(TELEMETRY, limit=100).records
    return sorted(record.partition_key for record in records if record.run_id == run_id)


def test_without_partitions_a_run_looks_at_every_day_and_records_those_that_changed(settings):
    with open_instance(settings) as instance:
        first, second = (_run(settings, instance).run_id for _ in range(2))
        assert _recorded(instance, first) == DAYS
        assert _recorded(instance, second) == DAYS[-1:]  # nothing changed, and the run names one day
    assert list(settings.layout.silver_files("telemetry")) == DAYS


@pytest.mark.parametrize(
    ("arguments", "days"),
    [
        ({"partition_key": DAYS[1]}, DAYS[1:2]),
        ({"partition_key": DAYS[2]}, DAYS[2:]),  # the day that the job's own tags name
        (
            {"tags": {"dagster/asset_partition_range_start": DAYS[0], "dagster/asset_partition_range_end": DAYS[1]}},
            DAYS[:2],
        ),
    ],
    ids=["a day", "the newest day", "a range"],
)
def test_with_partitions_a_run_touches_their_days_and_no_other(settings, arguments, days):
    with open_instance(settings) as instance:
        _run(settings, instance, **arguments)
        assert instance.get_materialized_partitions(TELEMETRY) == set(days)
    assert list(settings.layout.silver_files("telemetry")) == days


def test_the_schedule_is_off_and_asks_for_a_run_at_its_hour(settings):
    schedule = hourly_build(settings)
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED
    with dg.build_schedule_context() as context:
        requests = schedule.evaluate_tick(context).run_requests
    assert [request.tags["sentinel/as_of"] for request in requests] == ["2026-11-21T05:00:00"]


def test_definitions_load_and_every_job_resolves(settings):
    definitions = build_definitions(settings)
    dg.Definitions.validate_loadable(definitions)
    for job in ("build", "build_without_report", "rollback", "retention"):
        assert definitions.resolve_job_def(job)
