"""The order of the graph is in its dependencies: with a process per step, a release still waits for what it must."""

import dagster as dg

from sentinel_orchestration.publish.manifest import read_current
from tests.automation.multiprocess import build_job
from tests.automation.ui import environment
from tests.slim_project import VARIABLE

SELECTED = [
    "marts/dim_tower",
    "marts/fct_uptime_trend",
    "reports/rpt_uptime_trend",
    "checks/volume",
    "published/warehouse",
]
FORKED = {"forkserver": {"preload_modules": ["sentinel_orchestration.definitions", "dbt.cli.main"]}}  # imports once


def test_with_a_process_per_step_a_release_waits_for_what_it_must(small_build, slim_project, monkeypatch):
    built = small_build()
    for name, value in environment(built.settings).items():
        if name.startswith("SENTINEL_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setenv(VARIABLE, str(slim_project))
    before = read_current(built.settings.layout)
    result = dg.execute_job(
        dg.reconstructable(build_job),
        instance=built.instance,
        run_config={"execution": {"config": {"max_concurrent": 2, "start_method": FORKED}}},
        asset_selection=[dg.AssetKey(name.split("/")) for name in SELECTED],
    )
    with result:
        assert result.success
    events = [e for entry in built.instance.all_logs(result.run_id) if (e := entry.dagster_event)]
    order = [
        (event.event_type_value, event.step_key) for event in events if event.is_step_start or event.is_step_success
    ]
    published = order.index(("STEP_START", "published__warehouse"))
    others = [
        place for place, (kind, step) in enumerate(order) if kind == "STEP_SUCCESS" and step != "published__warehouse"
    ]
    assert len(others) == len(SELECTED) - 1
    assert max(others) < published
    assert read_current(built.settings.layout).content_sha256 == before.content_sha256
