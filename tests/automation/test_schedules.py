"""The clock: a build in the operators' morning, freshness by itself, and nothing on that nobody asked for."""

from pathlib import Path

import dagster as dg
import pytest

from sentinel_orchestration.automation.definitions import automation
from sentinel_orchestration.automation.instance import open_instance
from sentinel_orchestration.automation.jobs import limited_checks
from sentinel_orchestration.automation.schedules import nightly_build
from sentinel_orchestration.definitions import build_definitions
from sentinel_orchestration.settings import Settings, SettingsError, load_settings


def test_the_nightly_build_is_at_six_where_the_operators_are(tmp_path: Path) -> None:
    schedule = nightly_build(Settings(home=tmp_path, timezone="America/Denver"))
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 6 * * *", "America/Denver")


def test_a_zone_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTINEL_TIMEZONE", "Mars/Olympus")
    with pytest.raises(SettingsError, match="SENTINEL_TIMEZONE='Mars/Olympus': There is no such time zone"):
        load_settings()


@pytest.mark.parametrize("is_on", [True, False])
def test_a_setting_turns_everything_on_or_off(tmp_path: Path, is_on: bool) -> None:
    definitions = automation(Settings(home=tmp_path, automation=is_on))
    schedules = {s.name: s.default_status == dg.DefaultScheduleStatus.RUNNING for s in definitions.schedules or ()}  # type: ignore[union-attr]
    sensors = {s.name: s.default_status == dg.DefaultSensorStatus.RUNNING for s in definitions.sensors or ()}
    assert schedules == {
        "nightly_build": is_on,
        "hourly_build": False,
        "freshness_clock": is_on,
        "nightly_retention": is_on,
    }
    assert sensors == {"inbox": is_on, "flow": is_on, "health": is_on, "dead_runs": True, "alerts": True}


def test_the_freshness_job_looks_and_makes_nothing(settings: Settings) -> None:
    with open_instance(settings) as instance:
        result = build_definitions(settings).resolve_job_def("freshness").execute_in_process(instance=instance)
    assert {check.asset_check_key for check in result.get_asset_check_evaluations()} == {*limited_checks()}
    assert not [event for event in result.all_events if event.is_step_materialization]
