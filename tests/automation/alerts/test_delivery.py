"""Messages really posted, to servers that refuse, hang and come back: each arrives, and none twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sentinel_orchestration.automation.alerts.delivery import deliver
from tests.automation.alerts.conftest import Alerting
from tests.automation.alerts.receivers import TOKEN, Receiver

OPENED, RESOLVED = "ERROR towers: the check keys failed", "RESOLVED towers: the check keys failed"


def test_one_problem_is_one_message_at_its_beginning_and_one_at_its_end(
    alerting: Alerting, chat: Receiver, mail: Receiver
) -> None:
    alerting.runs.run()
    assert alerting.round().posted == []
    for broken in (["keys"], ["keys"], ["keys"]):
        alerting.runs.run(*broken)
        alerting.round()
    assert chat.titles == mail.titles == [OPENED]
    alerting.runs.run()
    assert alerting.round().posted == [("chat", RESOLVED), ("mail", RESOLVED)]
    alerting.round(hours_later=100)
    assert chat.titles == mail.titles == [OPENED, RESOLVED]
    assert chat.got == mail.got
    assert "It failed 3 times." in chat.got[1][1]


@pytest.mark.parametrize("mood", ["refuse", "hang"])
@pytest.mark.parametrize("which", ["chat", "mail"])
def test_a_server_that_fails_gets_each_message_once_when_it_is_back(
    alerting: Alerting, chat: Receiver, mail: Receiver, which: str, mood: str
) -> None:
    """Meanwhile the other route goes on; what the first says has no part of its URL."""
    failing, other = (chat, mail) if which == "chat" else (mail, chat)
    failing.mood = mood
    alerting.runs.run("keys", "volume")
    for _ in range(2):
        began = time.monotonic()
        (said,) = alerting.round().failed
        assert time.monotonic() - began < 8
        assert said.startswith(f"route {which}: ")
        assert TOKEN not in said
    assert sorted(other.titles) == [OPENED, "WARNING towers: the check volume failed"]
    failing.let_go.set()
    assert failing.titles == []
    failing.mood = "take"
    assert not alerting.round().failed
    alerting.runs.run()
    for _ in range(2):
        assert not alerting.round().failed
    assert sorted(failing.titles) == sorted(other.titles)
    assert len(other.titles) == 4


def test_what_was_over_before_it_could_be_told_is_in_the_digest_alone(alerting: Alerting, chat: Receiver) -> None:
    in_an_hour = datetime.now(UTC) + timedelta(hours=1)
    alerting.write_routes(digest=f"{in_an_hour:%H:%M}")
    chat.mood = "refuse"
    alerting.runs.run("keys")
    alerting.round()
    alerting.runs.run()
    chat.mood = "take"
    alerting.round()
    assert chat.titles == []
    alerting.round(hours_later=1.5)
    alerting.round(hours_later=1.6)
    ((title, body),) = chat.got
    assert title == "Daily digest: all is well"
    assert "Resolved in the last 24 hours:\n- ERROR towers: the check keys failed" in body


def test_a_reminder_comes_when_the_window_is_over_and_not_before(alerting: Alerting, chat: Receiver) -> None:
    alerting.write_routes(repeat_hours=4)
    alerting.runs.run("keys")
    alerting.round()
    alerting.runs.run("keys")
    for hours in (3.9, 4.1, 8, 8.2):
        alerting.round(hours)
    assert chat.titles == [OPENED, f"STILL {OPENED}", f"STILL {OPENED}"]
    assert "Failed 2 times, last at " in chat.got[1][1]


def test_the_window_opens_only_when_the_message_has_arrived(alerting: Alerting, chat: Receiver) -> None:
    chat.mood = "refuse"
    alerting.runs.run("keys")
    alerting.round()
    chat.mood = "take"
    alerting.round(hours_later=20)
    alerting.round(hours_later=40)
    assert chat.titles == [OPENED]
    alerting.round(hours_later=45)
    assert chat.titles == [OPENED, f"STILL {OPENED}"]


def test_an_acknowledged_problem_has_no_reminder_and_an_end(
    alerting: Alerting, chat: Receiver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from sentinel_orchestration.cli.incidents import ack_command, incidents_command
    from sentinel_orchestration.observe.incidents import NoSuchIncidentError

    monkeypatch.setenv("SENTINEL_HOME", str(alerting.runs.home))
    alerting.runs.run("keys")
    alerting.round()
    ((id_,),) = alerting.runs.rows("select incident_id from incidents")
    assert ack_command(str(id_)[:5], "the vendor knows") == 0
    with pytest.raises(NoSuchIncidentError, match="zz: there is no such incident"):
        ack_command("zz", None)
    capsys.readouterr()
    assert incidents_command() == 0
    assert "the vendor knows" in capsys.readouterr().out
    alerting.round(hours_later=30)
    assert chat.titles == [OPENED]
    alerting.runs.run()
    alerting.round()
    assert chat.titles == [OPENED, RESOLVED]


def test_rounds_at_once_post_once(alerting: Alerting, chat: Receiver, mail: Receiver) -> None:
    alerting.runs.run("keys", "volume")
    alerting.runs.record()
    rounds = [threading.Thread(target=deliver, args=[alerting.settings, alerting.environment]) for _ in range(4)]
    for one in rounds:
        one.start()
    for one in rounds:
        one.join()
    assert len(chat.titles) == len(mail.titles) == 2


DIES = """
import os, signal
from pathlib import Path
from sentinel_orchestration.automation.alerts import delivery
from sentinel_orchestration.settings import load_settings
delivery._note = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
delivery.deliver(load_settings())
"""


def test_a_message_whose_arrival_was_not_written_down_is_posted_again(
    alerting: Alerting, chat: Receiver, mail: Receiver
) -> None:
    """At least once: killed between the post and the record, nobody knows that it arrived. The lock is free again."""
    alerting.runs.run("keys")
    alerting.runs.record()
    environment = os.environ | alerting.environment | {"SENTINEL_HOME": str(alerting.runs.home)}
    assert subprocess.run([sys.executable, "-c", DIES], env=environment, timeout=60).returncode == -signal.SIGKILL
    assert chat.titles == [OPENED]
    assert alerting.posts == []
    alerting.round()
    alerting.round()
    assert chat.titles == [OPENED, OPENED]
    assert mail.titles == [OPENED]


def test_a_route_without_a_usable_url_is_named_and_stops_no_other(alerting: Alerting, mail: Receiver) -> None:
    alerting.runs.run("keys")
    alerting.environment["CHAT"] = ""
    assert alerting.round().failed == ["route chat: the variable CHAT is not set. Set it where Sentinel runs."]
    alerting.environment["CHAT"] = f"nonsense {TOKEN}"
    assert alerting.round().failed == ["route chat: the variable CHAT holds no URL that Apprise knows. Correct it."]
    assert mail.titles == [OPENED]


def test_many_problems_at_once_are_one_message(alerting: Alerting, chat: Receiver) -> None:
    from tests.automation.alerts.test_messages import many_checks

    alerting.runs.definitions = many_checks(9)
    alerting.runs.run()
    alerting.round()
    ((title, body),) = chat.got
    assert title.endswith(", and 8 more")
    assert body.count("\n- ") == 8
    assert len(alerting.posts) == 18


def test_nothing_that_is_kept_has_a_token(alerting: Alerting, chat: Receiver) -> None:
    chat.mood = "refuse"
    alerting.runs.run("keys")
    alerting.round()
    files = [path for path in Path(alerting.runs.home).rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []
