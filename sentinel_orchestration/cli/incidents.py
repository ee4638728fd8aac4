"""`sentinel incidents` and `sentinel ack`: what is wrong, and that somebody knows."""

import os
import pwd
from datetime import UTC, datetime, timedelta

from rich.markup import escape
from rich.table import Table

from sentinel_orchestration.automation.alerts.messages import headline, lasting
from sentinel_orchestration.cli.progress import MARKS, wide_in_a_pipe
from sentinel_orchestration.observe.history import History
from sentinel_orchestration.observe.incidents import Incident, acknowledge, read_incidents
from sentinel_orchestration.settings import load_settings

RECENT = timedelta(days=7)


def incidents_command() -> int:
    """A table of the open incidents, and of those that ended in the last days. Exit code 0, whatever is wrong."""
    console, history = wide_in_a_pipe(), History(load_settings().layout)
    now = datetime.now(UTC).replace(tzinfo=None)
    with history.transaction() as connection:
        found = read_incidents(connection, now - RECENT)
        read_at = connection.execute("select read_at from meta").fetchall()[0][0]
    if read_at is None:
        console.print(
            "Nothing is known yet. The daemon looks every half minute; [bold]sentinel alerts check[/] looks now."
        )
        return 0
    table = Table("id", "severity", "problem", box=None, header_style="bold", pad_edge=False)
    for heading in ("since (UTC)", "lasted", "failures"):
        table.add_column(heading, justify="right")
    table.add_column("owner")
    table.add_column("state")
    for incident in sorted(found, key=lambda one: not one.is_open):
        mark = MARKS["passed" if not incident.is_open else "failed" if incident.severity == "error" else "warned"]
        about = (incident.id, f"{mark} {incident.severity}", escape(headline(incident)))
        span = lasting((incident.resolved_at or now) - incident.began_at)
        since = f"{incident.began_at:%Y-%m-%d %H:%M}"
        table.add_row(*about, since, span, f"{incident.failures:,}", incident.owner, escape(_state(incident)))
    console.print(table if found else "Nothing is wrong, and nothing was in the last 7 days.")
    console.print(f"As of {read_at:%Y-%m-%d %H:%M} UTC.", highlight=False)
    return 0


def ack_command(prefix: str, why: str | None) -> int:
    """Marks an incident as known, so that nobody is reminded of it. Raises NoSuchIncidentError for an unknown id."""
    now = datetime.now(UTC).replace(tzinfo=None)
    with History(load_settings().layout).transaction() as connection:
        incident = acknowledge(connection, prefix, _user(), why, now)
    reminders = "There are no more reminders; its end is posted." if incident.is_open else "It was over already."
    wide_in_a_pipe().print(
        f"{MARKS['passed']} {incident.id} {escape(headline(incident))}: acknowledged by {incident.acknowledged_by}. {reminders}",
        highlight=False,
        soft_wrap=True,
    )
    return 0


def _state(incident: Incident) -> str:
    if not incident.is_open:
        return "over"
    if incident.acknowledged_at is None:
        return "open"
    why = f": {incident.acknowledged_why}" if incident.acknowledged_why else ""
    return f"acknowledged by {incident.acknowledged_by}{why}"


def _user() -> str:
    """Who types: of an account that the machine has no name for, as in a container, the number."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
