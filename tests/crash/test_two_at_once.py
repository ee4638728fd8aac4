"""Commands that run at once on one home: one works, the others wait and say for whom, readers never notice."""

import json
import os
import time
from pathlib import Path

import pytest

MATERIALISE = str(Path(__file__).with_name("materialise.py"))
WAITS = "waiting for sentinel build (process"


def _until(condition, run, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, run.said
        time.sleep(0.02)


def _holds(home, run):
    """Whether `run` holds the lock."""
    try:
        return json.loads((home.path / "data/build/build.lock").read_text())["pid"] == run.number
    except (OSError, ValueError):
        return False


def two_builds_started_together(home, undisturbed):
    undisturbed.hand_in(home)
    with home.reading() as read:
        runs = [home.start(), home.start()]
        assert [run.wait().status for run in runs] == [0, 0], [run.said for run in runs]
    assert sorted(WAITS in run.said for run in runs) == [False, True]
    assert home.content() == undisturbed.contents[0]
    assert read == {"reads": read["reads"], "seen": [undisturbed.contents[0][0]], "torn": []}
    assert home.leftovers() == []


def a_killed_holder_an_ingest_and_a_rollback(home, undisturbed):
    undisturbed.copy_to(home)
    home.hour = undisturbed.hours[1]
    handed_in = home.path.parent / "telemetry.parquet"
    handed_in.write_bytes((home.path / "inbox/telemetry/telemetry.parquet").read_bytes())  # again, at another time
    with home.reading() as read:
        holder = home.start()
        _until(lambda: _holds(home, holder), holder)
        waiter = home.start()
        _until(lambda: WAITS in waiter.said, waiter)
        ingest = home.start("ingest", str(handed_in)).wait()
        assert ingest.status == 0, ingest.said
        assert holder.server.ask(wait=holder.number, now=True) is None
        os.kill(holder.number, 9)
        assert holder.wait().status == -9
        _until(lambda: _holds(home, waiter), waiter)
        rollback = home.start("rollback")
        _until(lambda: WAITS in rollback.said, rollback)
        assert waiter.wait().status == 0, waiter.said
        assert rollback.wait().status == 0, rollback.said
    assert home.content() == undisturbed.contents[0]
    first, second = (build_id for build_id, _ in undisturbed.contents)
    assert home.content(second) == undisturbed.contents[1]
    assert (read["seen"], read["torn"]) == ([first, second, first], [])


def a_run_of_dagsters_own(home, undisturbed):
    """A run that the UI or the schedule starts, here of one asset: it waits for a build from its first step on."""
    undisturbed.copy_to(home)
    for layer in ("bronze", "silver"):
        holder = home.start()
        _until(lambda holder=holder: _holds(home, holder), holder)
        before = _files(home)
        run = home.start(MATERIALISE, f"{layer}/sites", SENTINEL_SEED="7")
        _until(lambda run=run: "waiting for sentinel build" in run.said, run)
        assert _files(home) == before
        os.kill(holder.number, 9)
        assert holder.wait().status == -9
        assert run.wait().status == 0, run.said
        assert _files(home) != before


def _files(home):
    return {
        path: path.stat().st_mtime_ns
        for layer in ("bronze", "silver")
        for path in (home.path / "data" / layer / "sites").rglob("*")
    }


@pytest.mark.parametrize(
    "scenario",
    [two_builds_started_together, a_killed_holder_an_ingest_and_a_rollback, a_run_of_dagsters_own],
    ids=lambda scenario: scenario.__name__,
)
def test_two_at_once(two_by_two, scenario):
    two_by_two[scenario].result()
