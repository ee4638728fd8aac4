"""Everything that Dagster can do with an asset works: a real webserver and daemon, asked as the UI asks them."""

import json
from datetime import date, datetime

import pytest

from conftest import simulate_the_rest
from sentinel_orchestration.automation.instance import open_instance
from sentinel_orchestration.feeds.simulator import World, simulate_day
from sentinel_orchestration.publish.manifest import read_current
from sentinel_orchestration.settings import Settings
from tests.automation.ui import Ui, serving

AS_OF = datetime(2026, 11, 21)
SMALL = {"as_of": AS_OF, "sites": 2, "towers": 5, "days": 3}
DAYS = ["2026-11-18", "2026-11-19", "2026-11-20"]


@pytest.fixture(scope="module")
def ui(slim_project, tmp_path_factory):
    """On an empty home: the first test fills it."""
    with serving(Settings(home=tmp_path_factory.mktemp("ui"), **SMALL), slim_project) as running:
        yield running


@pytest.fixture(scope="module")
def released(ui: Ui):
    """Materialize all, over every day: a backfill of several runs, after which there is a release."""
    assets = [name for name in ui.assets() if name != "published/report"]
    backfill = ui.wait_for_backfill(ui.backfill(assets, DAYS))
    assert backfill["status"] == "COMPLETED_SUCCESS", backfill
    return backfill


def test_materialize_all_is_a_backfill_that_releases(ui: Ui, released, small_home):
    assert len(released["runs"]) > 1
    manifest = read_current(ui.settings.layout)
    assert manifest is not None
    assert manifest.content_sha256 == read_current(small_home.settings.layout).content_sha256


@pytest.mark.parametrize(
    ("assets", "checks"),
    [
        (["marts/dim_tower"], None),
        (["marts/fct_uptime_trend"], None),
        (["reports/rpt_uptime_trend"], []),
        ([], [("marts/dim_tower", "unique_dim_tower_tower_id")]),
        ([], [("marts/dim_tower", "dim_tower_age_runs_to_as_of")]),
        ([], [("silver/telemetry", "freshness")]),
        ([], [("silver/detections", "volume"), ("marts/fct_fleet_health_daily", "expectations")]),
        (["published/warehouse"], None),
    ],
    ids=str,
)
def test_one_thing_alone(ui: Ui, released, assets, checks):
    run_id = ui.launch(assets=assets, checks=checks)
    assert ui.wait(run_id) == "SUCCESS"
    with open_instance(ui.settings) as instance:
        events = [entry.dagster_event for entry in instance.all_logs(run_id) if entry.dagster_event]
    given = {
        (e.asset_check_evaluation_data.asset_key.to_user_string(), e.asset_check_evaluation_data.check_name)
        for e in events
        if e.event_type_value == "ASSET_CHECK_EVALUATION"
    }
    made = {e.asset_key.to_user_string() for e in events if e.event_type_value == "ASSET_MATERIALIZATION"}
    assert made == set(assets)
    assert given >= set(checks or ())


def test_a_day_of_silver(ui: Ui, released):
    run_id = ui.launch(assets=["silver/telemetry"], tags={"dagster/partition": DAYS[0]})
    assert ui.wait(run_id) == "SUCCESS"
    said = [json.loads(line) for path in ui.settings.layout.logs.iterdir() for line in path.read_text().splitlines()]
    steps = [line.get("step") for line in said if line["run_id"] == run_id and line.get("event") == "STEP_SUCCESS"]
    assert "silver__telemetry" in steps


@pytest.mark.parametrize("job", ["build_without_report", "retention", "rollback"])
def test_a_job_without_partition_tags(ui: Ui, released, job):
    status = ui.wait(ui.launch(job=job))
    assert status == ("SUCCESS" if job != "rollback" else "FAILURE")  # there is one release only


@pytest.mark.parametrize(
    "tags",
    [
        {"dagster/partition": DAYS[1]},
        {"dagster/asset_partition_range_start": DAYS[0], "dagster/asset_partition_range_end": DAYS[1]},
    ],
    ids=["a day", "a range"],
)
def test_a_job_with_partition_tags(ui: Ui, released, tags):
    assert ui.wait(ui.launch(job="build_without_report", tags=tags)) == "SUCCESS"


def test_a_file_of_an_old_day_needs_no_reload(ui: Ui, released):
    """The daemon was running before the file came; the day is years before the simulated window."""
    rows = simulate_day("telemetry", World(seed=42, sites=2, towers=5), date(2024, 5, 5), datetime(2024, 5, 6))
    inbox = simulate_the_rest(ui.settings.home) / "inbox" / "telemetry"
    inbox.mkdir(parents=True)
    rows.write_parquet(inbox / "old.parquet")
    backfill = ui.wait_for_backfill(ui.backfill(["bronze/telemetry", "silver/telemetry"], ["2024-05-05"]))
    assert backfill["status"] == "COMPLETED_SUCCESS", backfill
    assert "2024-05-05" in ui.settings.layout.silver_files("telemetry")


def test_the_hourly_schedule_can_be_turned_on_and_asks_for_a_build(ui: Ui, released):
    ui.start_schedule("hourly_build")
    (request,) = ui.test_schedule("hourly_build", datetime(2026, 11, 21, 6))
    tags = {tag["key"]: tag["value"] for tag in request["tags"]}
    assert tags["sentinel/as_of"] == AS_OF.isoformat()  # the setting, whatever the clock says
