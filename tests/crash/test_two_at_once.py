"""Commands that run at once on one home: they take turns and say for whom they wait, and readers never notice."""

import os
import time
from pathlib import Path

import dagster as dg
import pytest

from sentinel_orchestration.automation.dead_runs import dead_runs_sensor
from sentinel_orchestration.automation.instance import open_instance
from sentinel_orchestration.settings import Settings

MATERIALIZE = str(Path(__file__).with_name("materialize.py"))
WAITS = "waiting for sentinel build (started "


def _until(condition, run, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, run.said
        time.sleep(0.02)


def two_builds_started_together(home, undisturbed):
    undisturbed.submit_to(home)
    with home.reading() as read:
        runs = [home.start(), home.start()]
        assert [run.wait(300).status for run in runs] == [0, 0], [run.said for run in runs]
    assert any(WAITS in run.said for run in runs)
    assert home.content() == undisturbed.contents[0]
    assert read == {"reads": read["reads"], "seen": [undisturbed.contents[0][0]], "torn": []}
    assert home.leftovers() == []


def a_killed_holder_and_an_ingest(home, undisturbed):
    undisturbed.copy_to(home)
    home.hour = undisturbed.hours[1]
    submitted = home.path.parent / "telemetry.parquet"
    submitted.write_bytes((home.path / "inbox/telemetry/telemetry.parquet").read_bytes())  # again, at another time
    with home.reading() as read:
        holder = home.start()
        _until(lambda: home.holds("warehouse", holder), holder)
        waiter = home.start()
        _until(lambda: WAITS in waiter.said, waiter)
        ingest = home.start("ingest", str(submitted)).wait()
        assert ingest.status == 0, ingest.said
        os.kill(holder.number, 9)
        assert holder.wait().status == -9
        _until(lambda: home.holds("warehouse", waiter), waiter, seconds=30)
        assert waiter.wait().status == 0, waiter.said
    assert home.content() == undisturbed.contents[1]
    assert (read["seen"], read["torn"]) == ([release for release, _ in undisturbed.contents], [])
    assert home.leftovers() == []


def a_rollback_is_served_before_a_build_that_came_later(home, undisturbed):
    undisturbed.copy_to(home, builds=2)
    home.hour = undisturbed.hours[1]
    first = home.start()
    _until(lambda: home.holds("warehouse", first), first)
    rollback = home.start("rollback")
    _until(lambda: WAITS in rollback.said, rollback)
    later = home.start()
    _until(lambda: home.waits("warehouse", later), later)
    assert rollback.wait().status == 0, rollback.said
    assert later.is_alive()
    assert home.content() == undisturbed.contents[0]
    for run in (first, later):
        os.kill(run.number, 9)
        assert run.wait().status == -9


def a_run_of_dagsters_own(home, undisturbed):
    """A run that the UI starts, here of one mart: it waits for a build, too, and a sensor looks whether that one lives."""
    undisturbed.copy_to(home)
    holder = home.start()
    _until(lambda: home.holds("warehouse", holder), holder)
    run = home.start(MATERIALIZE, "marts/dim_site")
    _until(lambda: home.waits("warehouse", run), run)
    _look_for_dead_runs(home)
    assert home.holds("warehouse", holder)
    os.kill(holder.number, 9)
    assert holder.wait().status == -9
    assert run.is_alive()
    _look_for_dead_runs(home)
    assert run.wait().status == 0, run.said
    assert home.unfinished_runs() == home.pool_places() == []


def _look_for_dead_runs(home):
    """What the daemon does every half minute."""
    settings = Settings(home=home.path)
    with open_instance(settings) as instance, dg.build_sensor_context(instance) as context:
        dead_runs_sensor(settings)(context)


@pytest.mark.parametrize(
    "scenario",
    [
        two_builds_started_together,
        a_killed_holder_and_an_ingest,
        a_rollback_is_served_before_a_build_that_came_later,
        a_run_of_dagsters_own,
    ],
    ids=lambda scenario: scenario.__name__,
)
def test_two_at_once(two_by_two, scenario):
    two_by_two[scenario].result()
