"""The sensor that asks for a report where an incident opened or closed since the last one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from sentinel_orchestration.automation.health import health_sensor
from sentinel_orchestration.automation.jobs import REPORT_JOB
from sentinel_orchestration.observe.health import shown_digest
from sentinel_orchestration.settings import Settings
from tests.observe.graph import Runs

Tick = Callable[[str | None], tuple[bool, str | None]]


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    with Runs.at(tmp_path) as found:
        yield found


@pytest.fixture
def tick(runs: Runs) -> Tick:
    """One look of the sensor: whether it asks for a report, and its cursor then."""
    sensor = health_sensor(Settings(home=runs.home))

    def look(cursor: str | None) -> tuple[bool, str | None]:
        runs.record()
        said = sensor.evaluate_tick(dg.build_sensor_context(runs.instance, cursor=cursor))
        return bool(said.run_requests), said.cursor or cursor

    return look


def show(runs: Runs) -> None:
    """As if the report had just been built: its folder has the digest of the health that it shows."""
    runs.record()
    layout = runs.history.layout
    folder = layout.releases / "r1" / f"site-0123456789abcdef-{shown_digest(runs.history)[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    layout.site.unlink(missing_ok=True)
    layout.site.symlink_to(folder)


def test_without_a_report_there_is_nothing_to_show_it_on(runs: Runs, tick: Tick) -> None:
    runs.run("keys")
    assert tick(None) == (False, None)


def test_it_asks_once_when_an_incident_opens_and_once_when_it_closes(runs: Runs, tick: Tick) -> None:
    show(runs)
    asked, cursor = tick(None)
    assert not asked
    runs.run("keys")
    asked, cursor = tick(cursor)
    assert asked
    asked, cursor = tick(cursor)
    assert not asked, "whatever became of the report"
    show(runs)
    runs.run("keys")
    asked, cursor = tick(cursor)
    assert not asked, "the same incident goes on"
    runs.run()
    asked, cursor = tick(cursor)
    assert asked


def test_while_the_report_is_being_built_it_waits(runs: Runs, tick: Tick) -> None:
    show(runs)
    runs.run("keys")
    run = runs.instance.create_run_for_job(dg.job(name=REPORT_JOB)(lambda: None), status=dg.DagsterRunStatus.STARTED)
    asked, cursor = tick(None)
    assert not asked
    runs.instance.report_run_canceled(run)
    assert tick(cursor)[0]
