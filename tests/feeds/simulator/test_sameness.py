"""The same world gives the same rows: in any order, in any process, at any later moment."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy._core._multiarray_umath import __cpu_dispatch__
from polars.testing import assert_frame_equal

from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.feeds.simulator import (
    EVENT_FEEDS,
    SNAPSHOT_FEEDS,
    World,
    simulate_day,
    simulate_snapshot,
)
from tests.feeds.simulator.feeds import TOWER_EVENTS, TOWER_SNAPSHOTS

SMALL = World(42, 4, 6)
DAYS = st.dates(date(2015, 1, 1), date(2040, 12, 31))
MOMENTS = st.datetimes(datetime(2018, 1, 1), datetime(2040, 12, 31)).map(
    lambda moment: moment.replace(minute=0, second=0, microsecond=0)
)

OPEN_ENDS = {
    "incidents": ("incident_id", "closed_at"),
    "deployments": ("deployment_id", "end_ts"),
    "components": ("component_id", "failed_at"),
}


def fingerprint(frame: pl.DataFrame) -> str:
    return hashlib.sha256(frame.write_csv().encode()).hexdigest()


def fingerprint_of_all(events: Iterable[str], snapshots: Iterable[str], day: date, as_of: datetime) -> str:
    frames = [simulate_day(feed, SMALL, day, as_of) for feed in events]
    frames += [simulate_snapshot(feed, SMALL, as_of) for feed in snapshots]
    return hashlib.sha256("".join(map(fingerprint, frames)).encode()).hexdigest()


@pytest.mark.parametrize("feed", EVENT_FEEDS)
def test_days_do_not_depend_on_each_other(feed: str) -> None:
    as_of, days = datetime(2026, 3, 15), [date(2026, 3, 1) + timedelta(days=n) for n in range(6)]
    forwards = {day: fingerprint(simulate_day(feed, SMALL, day, as_of)) for day in days}
    backwards = {day: fingerprint(simulate_day(feed, SMALL, day, as_of)) for day in reversed(days[::2])}
    assert backwards == {day: forwards[day] for day in backwards}
    assert len(set(forwards.values())) == len(days)


def fingerprints(days: Sequence[str]) -> dict[str, str]:
    as_of = datetime(2026, 3, 15)
    return {day: fingerprint_of_all(EVENT_FEEDS, SNAPSHOT_FEEDS, date.fromisoformat(day), as_of) for day in days}


def test_other_processes_and_processors_give_the_same_rows() -> None:
    """Days shared among processes at work at once, each with its own threads, CPU features, hash seed and time zone."""
    days = [f"2026-03-{day:02d}" for day in range(9, 15)]
    shares = {
        "every feature": (days[::-2], {}),
        "one thread": (days[::3], {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}),
        "no feature": (days[:3], {"NPY_DISABLE_CPU_FEATURES": " ".join(__cpu_dispatch__)}),
        "elsewhere": (days[3:], {"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu", "LC_ALL": "C"}),
    }
    program = "import json, runpy, sys; print(json.dumps(runpy.run_path(sys.argv[1])['fingerprints'](sys.argv[2:])))"
    running = {
        name: subprocess.Popen(
            [sys.executable, "-c", program, __file__, *share], env=os.environ | other, stdout=subprocess.PIPE, text=True
        )
        for name, (share, other) in shares.items()
    }
    here = fingerprints(days)
    for name, process in running.items():
        found = json.loads(process.communicate()[0])
        assert found == {day: here[day] for day in shares[name][0]}, name


def test_rows_are_those_of_this_version() -> None:
    """A change of these rows is a new SIMULATOR_VERSION, and then a new hash here."""
    assert fingerprint_of_all(TOWER_EVENTS, TOWER_SNAPSHOTS, date(2026, 3, 14), datetime(2026, 3, 15)) == (
        "eab5c050fbbe853ba35dc30622d18e776be595b29072bce97699d6aeb43d1fc0"  # pragma: allowlist secret
    )


def test_seed_and_scale_change_the_rows() -> None:
    worlds = [SMALL, World(43, 4, 6), World(42, 4, 7), World(42, 5, 6)]
    day, as_of = date(2026, 3, 14), datetime(2026, 3, 15)
    assert len({fingerprint(simulate_day("telemetry", world, day, as_of)) for world in worlds}) == len(worlds)


@given(day=DAYS, seconds=st.integers(0, 86_400), feed=st.sampled_from(list(EVENT_FEEDS)))
@settings(deadline=None)
def test_an_earlier_look_at_a_day_gives_the_first_of_its_rows(day: date, seconds: int, feed: str) -> None:
    until = datetime(day.year, day.month, day.day) + timedelta(seconds=seconds)
    whole = simulate_day(feed, SMALL, day, until + timedelta(days=3))
    part = simulate_day(feed, SMALL, day, until)
    contract = load_contracts()[feed]
    assert part.height == (whole[contract.event_time] < until).sum()
    for column in contract.columns:
        seen, final = part[column.name], whole[column.name].head(part.height)
        assert (seen.is_null() | (seen == final)).all()
        assert not (column.is_required and seen.has_nulls())
    for column in {"operator_ack_ts", "resolved_ts"} & set(part.columns):
        happened = whole[column].head(part.height) < until
        assert (part[column].is_not_null() == happened).all()


@given(day=DAYS, hours=st.integers(2, 24 * 400))
@settings(deadline=None)
def test_a_past_day_is_complete_and_stays_as_it_is(day: date, hours: int) -> None:
    midnight = datetime(day.year, day.month, day.day) + timedelta(days=1)
    later = simulate_day("alert_pipeline", SMALL, day, midnight + timedelta(hours=hours))
    assert_frame_equal(later, simulate_day("alert_pipeline", SMALL, day, midnight + timedelta(hours=2)))
    assert later["resolved_ts"].null_count() == 0


@given(as_of=MOMENTS, hours=st.integers(1, 48), feed=st.sampled_from(list(OPEN_ENDS)))
@settings(max_examples=40, deadline=None)
def test_what_is_known_stays_known(as_of: datetime, hours: int, feed: str) -> None:
    """A row seen now is the same row later, except that an open end may have been filled in."""
    key, end = OPEN_ENDS[feed]
    later_as_of = as_of + timedelta(hours=hours)
    now, later = (simulate_snapshot(feed, World(42, 10, 60), moment) for moment in (as_of, later_as_of))
    both = now.join(later, on=key, suffix="_later")
    assert both.height >= 0.9 * now.height  # registers drop their oldest rows
    for column in set(now.columns) - {key, end, "status", "root_cause", "is_failed"}:
        assert both[column].equals(both[f"{column}_later"]), column
    filled_in = both.filter(pl.col(end).ne_missing(pl.col(f"{end}_later")))
    assert filled_in[end].null_count() == filled_in.height
    assert filled_in[f"{end}_later"].is_between(as_of, later_as_of, closed="left").all()


def test_wrong_calls_say_what_is_wrong() -> None:
    with pytest.raises(
        ValueError, match=r"'made_up' has no days to simulate; the simulated event feeds are .*telemetry"
    ):
        simulate_day("made_up", SMALL, date(2026, 1, 1), datetime(2026, 1, 2))
    with pytest.raises(
        ValueError, match=r"'made_up' has no snapshots to simulate; the simulated snapshot feeds are .*sites"
    ):
        simulate_snapshot("made_up", SMALL, datetime(2026, 1, 2))
    with pytest.raises(ValueError, match="'towers' has no days"):
        simulate_day("towers", SMALL, date(2026, 1, 1), datetime(2026, 1, 2))
    with pytest.raises(ValueError, match="'telemetry' has no snapshots"):
        simulate_snapshot("telemetry", SMALL, datetime(2026, 1, 2))
    with pytest.raises(ValueError, match="naive UTC"):
        simulate_snapshot("towers", SMALL, datetime(2026, 1, 2, tzinfo=UTC))
    with pytest.raises(ValueError, match="at least one site and one tower"):
        World(42, 0, 6)
