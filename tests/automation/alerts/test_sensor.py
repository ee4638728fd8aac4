"""The sensor as Dagster runs it: with a context in this process, and under a real daemon."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest

from sentinel_orchestration.automation.alerts.sensor import UndeliveredError, alerts_sensor
from sentinel_orchestration.settings import PROJECT_DIR, Settings
from tests.automation.alerts.conftest import Alerting
from tests.automation.alerts.receivers import TOKEN, Receiver
from tests.cli.commands import run_sentinel
from tests.observe.graph import Runs

OPENED = "ERROR towers: the check keys failed"


@pytest.fixture
def sensing(alerting: Alerting, monkeypatch: pytest.MonkeyPatch) -> Alerting:
    """The sensor beside the graph that fails, with the routes' addresses in the environment."""
    for name, url in alerting.environment.items():
        monkeypatch.setenv(name, url)
    sensors = dg.Definitions(sensors=[alerts_sensor(alerting.settings)])
    alerting.runs.definitions = dg.Definitions.merge(alerting.runs.definitions, sensors)
    return alerting


def tick(runs: Runs) -> object:
    """One evaluation of the sensor."""
    repository = runs.definitions.get_repository_def()
    with dg.build_sensor_context(instance=runs.instance, repository_def=repository) as context:
        return repository.get_sensor_def("alerts")(context)


def test_a_run_that_no_daemon_started_is_told_of(sensing: Alerting, chat: Receiver, mail: Receiver) -> None:
    sensing.runs.run("keys")
    skipped = tick(sensing.runs)
    assert isinstance(skipped, dg.SkipReason)
    assert skipped.skip_message == "It starts nothing. Messages posted: 2."
    assert chat.titles == mail.titles == [OPENED]


def test_a_message_that_does_not_arrive_fails_the_tick_and_the_next_delivers_it(
    sensing: Alerting, chat: Receiver, mail: Receiver
) -> None:
    chat.mood = "refuse"
    sensing.runs.run("keys")
    with pytest.raises(UndeliveredError, match=r"^route chat: ") as caught:
        tick(sensing.runs)
    assert TOKEN not in str(caught.value)
    assert mail.titles == [OPENED]
    chat.mood = "take"
    tick(sensing.runs)
    assert chat.titles == mail.titles == [OPENED]


def test_without_a_file_nothing_is_posted_and_nothing_complains(sensing: Alerting, chat: Receiver) -> None:
    (sensing.runs.home / "alerts.yaml").unlink()
    sensing.runs.run("keys")
    assert isinstance(tick(sensing.runs), dg.SkipReason)
    assert chat.got == []
    assert sensing.runs.rows("select problem from incidents") == [("check towers keys",)]


SERVED = """
import dagster as dg
from pathlib import Path
from sentinel_orchestration.automation.alerts.sensor import alerts_sensor
from sentinel_orchestration.settings import load_settings
from tests.observe.graph import Broken, report, towers

settings = load_settings()

@dg.sensor(name="inbox", job_name="build", minimum_interval_seconds=2, default_status=dg.DefaultSensorStatus.RUNNING)
def inbox():
    if (settings.home / "trouble").exists():
        raise ValueError("Jane Doe")
    yield dg.SkipReason("Nothing to do.")

defs = dg.Definitions(
    assets=[towers, report], jobs=[dg.define_asset_job("build")], resources={"broken": Broken()},
    sensors=[inbox, alerts_sensor(settings)],
)
"""


def test_under_a_real_daemon_a_sensor_that_fails_and_recovers(alerting: Alerting, chat: Receiver) -> None:
    """Real ticks, the real context of a code server, and addresses from the environment."""
    home = alerting.runs.home
    (home / "served.py").write_text(SERVED)
    (home / "trouble").touch()
    folder = home / "dagster"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SENTINEL_", "DAGSTER_"))}
    ours = {"SENTINEL_HOME": str(home), "DAGSTER_HOME": str(folder), "PYTHONPATH": str(PROJECT_DIR)}
    with (home / "daemon.log").open("w") as log:
        daemon = subprocess.Popen(
            [Path(sys.executable).with_name("dagster-daemon"), "run", "-f", home / "served.py"],
            cwd=folder,
            env=kept | alerting.environment | ours,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        failing = "ERROR inbox: its ticks fail"
        wait_for(lambda: failing in chat.titles, home / "daemon.log")
        assert "Each tick fails: ValueError." in chat.got[0][1]
        (home / "trouble").unlink()
        wait_for(lambda: len(chat.titles) > 1, home / "daemon.log")
        assert chat.titles == [failing, failing.replace("ERROR", "RESOLVED")]
        assert "Jane Doe" not in str(chat.got)
    finally:
        os.killpg(daemon.pid, signal.SIGTERM)
        daemon.wait(30)


def wait_for(condition: object, log: Path) -> None:
    deadline = time.monotonic() + 120
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.5)


class TestCommands:
    """`sentinel alerts`, as a person or cron runs it."""

    def test_each_route_is_tried(self, alerting: Alerting, chat: Receiver, mail: Receiver) -> None:
        mail.mood = "refuse"
        done = run_sentinel(alerting.runs.home, "alerts", "test", **alerting.environment)
        assert done.returncode == 1
        assert "chat took it" in done.stdout
        assert "✗ route mail: " in done.stdout
        assert TOKEN not in done.stdout + done.stderr
        assert chat.titles == ["Test of the route chat"]

    def test_a_round_without_a_daemon(self, small_build, chat: Receiver) -> None:  # type: ignore[no-untyped-def]
        """On a real home: its history is read, and what is wrong with it is posted once."""
        settings: Settings = small_build().settings
        (settings.home / "alerts.yaml").write_text("routes: [{name: chat, url: CHAT}]")
        done = run_sentinel(settings.home, "alerts", "check", CHAT=chat.url)
        assert done.returncode == 0, done.stderr
        said = len(chat.got)
        assert [line for line in done.stdout.splitlines() if line.startswith("✓ chat: ")] != []
        again = run_sentinel(settings.home, "alerts", "check", CHAT=chat.url)
        assert (again.returncode, len(chat.got)) == (0, said)
        listed = run_sentinel(settings.home, "incidents").stdout
        assert "silver/telemetry: no new data" in listed

    def test_a_broken_file_is_one_clear_error(self, tmp_path: Path) -> None:
        (tmp_path / "alerts.yaml").write_text("routes: [{name: a, url: 'slack://x'}]")
        done = run_sentinel(tmp_path, "alerts", "test")
        assert done.returncode == 2
        assert "routes.0.url: name the environment variable" in done.stderr
