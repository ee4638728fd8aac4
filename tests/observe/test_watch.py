"""What is wrong outside of runs becomes an incident once, and its end closes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from sentinel_orchestration.observe.watch import watch
from sentinel_orchestration.settings import Settings
from tests.observe.graph import Runs
from tests.observe.ticking import Ticking, beat

NOON = datetime(2026, 11, 29, 12)
INCIDENTS = (
    "select kind, subject, severity, owner, began_at, detail, resolved_at from incidents order by opened_at, subject"
)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


@dg.sensor(name="inbox", job_name="build", minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING)
def inbox() -> None: ...


@dg.sensor(name="off", job_name="build", minimum_interval_seconds=30)
def off() -> None: ...


@dg.sensor(name="alerts", job_name="build", minimum_interval_seconds=30)
def alerts() -> None: ...


nightly = dg.ScheduleDefinition(
    name="nightly",
    job_name="build",
    cron_schedule="0 6 * * *",
    execution_timezone="Europe/Berlin",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)


@dg.asset(key=["published", "warehouse"])
def warehouse() -> None: ...


@pytest.fixture
def watched(runs: Runs) -> Runs:
    parts = dg.Definitions(
        assets=[warehouse],
        sensors=[inbox, off, alerts],
        schedules=[nightly],
        jobs=[dg.define_asset_job("release", [warehouse])],
    )
    runs.definitions = dg.Definitions.merge(runs.definitions, parts)
    return runs


def look(runs: Runs, now: datetime) -> list[tuple[object, ...]]:
    """Looks as of `now`, and gives the incidents."""
    settings = Settings(home=runs.home, run_hours=6, release_hours=26)
    watch(runs.history, runs.instance, runs.definitions.get_repository_def(), settings, now)
    runs.record()
    return runs.rows(INCIDENTS)


def test_nothing_known_is_nothing_wrong(watched: Runs) -> None:
    assert look(watched, NOON) == []


class TestTicks:
    def test_the_first_that_fails_opens_an_incident_and_the_next_good_one_closes_it(self, watched: Runs) -> None:
        sensor = Ticking(watched.instance, "inbox")
        sensor.tick(NOON - minutes(2))
        sensor.fail(NOON - minutes(1))
        sensor.tick(NOON, "STARTED")
        failing = ("tick-failed", "inbox", "error", "data-platform", NOON - minutes(1), "Each tick fails: ValueError.")
        assert look(watched, NOON) == [(*failing, None)]
        sensor.fail(NOON)
        assert look(watched, NOON + minutes(1)) == [(*failing, None)]
        sensor.tick(NOON + minutes(1))
        assert look(watched, NOON + minutes(2)) == [(*failing, NOON + minutes(2))]
        assert watched.rows("select count(*) from observations") == [(2,)]

    def test_the_one_that_posts_has_to_fail_for_a_while(self, watched: Runs) -> None:
        """What one route refuses is posted again in half a minute; others are told when that goes on."""
        sensor = Ticking(watched.instance, "alerts", status="RUNNING")
        for number in range(9):
            sensor.fail(NOON + minutes(number / 2))
        assert look(watched, NOON + minutes(5)) == []
        sensor.fail(NOON + minutes(5))
        assert [row[1] for row in look(watched, NOON + minutes(6))] == ["alerts"]

    @pytest.mark.parametrize("status", ["STOPPED", "DECLARED_IN_CODE"])
    def test_one_that_is_off_is_left_alone(self, watched: Runs, status: str) -> None:
        Ticking(watched.instance, "off", status=status).fail(NOON)
        Ticking(watched.instance, "removed from the code").fail(NOON)
        assert look(watched, NOON) == []

    def test_a_code_location_that_was_moved_does_not_count(self, watched: Runs) -> None:
        Ticking(watched.instance, "inbox", location="old place").fail(NOON - minutes(60))
        Ticking(watched.instance, "inbox").tick(NOON)
        assert look(watched, NOON) == []


class TestStandingStill:
    def test_a_sensor_that_does_not_tick_while_others_do(self, watched: Runs) -> None:
        still, other = Ticking(watched.instance, "inbox"), Ticking(watched.instance, "alerts")
        still.tick(NOON - minutes(20))
        for number in range(20):
            other.tick(NOON - minutes(number / 2))
        ((kind, subject, _, _, began, _, ended),) = look(watched, NOON)
        assert (kind, subject, began, ended) == ("automation-dead", "inbox", NOON - minutes(19.5), None)
        still.tick(NOON)
        assert look(watched, NOON + minutes(1))[0][-1] == NOON + minutes(1)

    def test_after_a_pause_of_the_daemon_nobody_is_late(self, watched: Runs) -> None:
        Ticking(watched.instance, "inbox").tick(NOON - timedelta(days=3))
        Ticking(watched.instance, "alerts").tick(NOON)
        assert look(watched, NOON) == []

    def test_one_that_was_turned_on_a_moment_ago_is_not_late(self, watched: Runs) -> None:
        on = Ticking(watched.instance, "inbox", status="RUNNING", started=NOON - minutes(1))
        on.tick(NOON - timedelta(days=3))
        other = Ticking(watched.instance, "alerts")
        for number in range(20):
            other.tick(NOON - minutes(number / 2))
        assert look(watched, NOON) == []

    def test_a_schedule_is_late_by_its_cron_where_the_operators_are(self, watched: Runs) -> None:
        schedule, other = Ticking(watched.instance, "nightly", cron="0 6 * * *"), Ticking(watched.instance, "alerts")
        schedule.tick(datetime(2026, 11, 28, 5))
        for at in (datetime(2026, 11, 29, 5, 4), datetime(2026, 11, 29, 5, 6)):
            other.tick(at - minutes(3))
            other.tick(at)
            found = look(watched, at)
        ((kind, subject, _, _, began, *_),) = found
        assert (kind, subject, began) == ("automation-dead", "nightly", datetime(2026, 11, 29, 5))

    def test_a_daemon_without_a_sign_of_life(self, watched: Runs) -> None:
        beat(watched.instance, NOON)
        assert look(watched, NOON + minutes(4)) == []
        ((kind, subject, _, _, began, *_),) = look(watched, NOON + minutes(6))
        assert (kind, subject, began) == ("automation-dead", "Dagster daemon", NOON)
        beat(watched.instance, NOON + minutes(7))
        assert look(watched, NOON + minutes(8))[0][-1] == NOON + minutes(8)


def test_a_run_that_does_not_end(watched: Runs) -> None:
    run = watched.instance.create_run_for_job(watched.definitions.resolve_job_def("build"))
    now = datetime.now(UTC).replace(tzinfo=None)
    assert look(watched, now + timedelta(hours=5)) == []
    ((kind, subject, _, _, began, detail, _),) = look(watched, now + timedelta(hours=7))
    assert (kind, subject) == ("run-not-finished", "build")
    assert abs(began - now) < minutes(1)
    assert detail == f"It waits in the queue and has not started. Run {run.run_id}."
    watched.instance.report_run_canceled(run)
    assert look(watched, now + timedelta(hours=8))[0][-1] == now + timedelta(hours=8)


def test_a_release_that_is_overdue_and_comes(watched: Runs) -> None:
    job, now = watched.definitions.resolve_job_def("release"), datetime.now(UTC).replace(tzinfo=None)
    assert job.execute_in_process(instance=watched.instance).success
    assert look(watched, now + timedelta(hours=25)) == []
    ((kind, subject, *_),) = look(watched, now + timedelta(hours=27))
    assert (kind, subject) == ("release-overdue", "published/warehouse")
    assert job.execute_in_process(instance=watched.instance).success
    assert look(watched, now + timedelta(hours=1))[0][-1] is not None
