"""One round of posting: what is owed is posted, and what arrived is written down at once."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import duckdb

from sentinel_orchestration.automation.alerts.messages import Writer
from sentinel_orchestration.automation.alerts.outbox import News, Post, Told, outbox
from sentinel_orchestration.automation.alerts.post import PostError, post
from sentinel_orchestration.automation.alerts.routes import Route, read_routes
from sentinel_orchestration.lock import locked
from sentinel_orchestration.observe.history import History
from sentinel_orchestration.observe.incidents import read_incidents
from sentinel_orchestration.settings import Settings

REMEMBERED = timedelta(days=30)  # a recovery that could not be posted for longer is not news any more
ROUND_SEC = 30.0  # no post begins later in a round: a tick of a sensor has 60 s


@dataclass
class Delivery:
    """What came of a round: titles of the messages that arrived, by route, and why others did not."""

    posted: list[tuple[str, str]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def deliver(settings: Settings, environment: Mapping[str, str] = os.environ, now: datetime | None = None) -> Delivery:
    """Posts what each route is owed. After a failure, a route waits for the next round, and the others go on.

    A message is written down once it has arrived: whoever is killed in between posts it again. Rounds of several processes take
    turns. Raises SettingsError for an alerts.yaml that cannot be used.
    """
    routes, delivery, began = read_routes(settings.layout.alerts), Delivery(), time.monotonic()
    if not routes:
        return delivery
    history = History(settings.layout)
    with locked(settings.layout.history.with_suffix(".posts.lock")):
        now = now or datetime.now(UTC).replace(tzinfo=None)
        owed, writer = _owed(history, routes, now, ZoneInfo(settings.timezone)), Writer.of(settings, now)
        for name, posts in groupby(owed, key=lambda one: one.route.name):
            for one in posts:
                if time.monotonic() - began > ROUND_SEC:
                    return delivery
                message = writer.message(one)
                try:
                    post(message, one.route, environment)
                except PostError as error:
                    delivery.failed.append(str(error))
                    break
                _note(history, one, now)
                delivery.posted.append((name, message.title))
    return delivery


def _owed(history: History, routes: tuple[Route, ...], now: datetime, zone: ZoneInfo) -> list[Post]:
    with history.transaction() as connection:
        incidents, told = read_incidents(connection, now - REMEMBERED), _told(connection)
    return list(outbox(incidents, routes, told, now, zone))


def _told(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str | None, str], list[Told]]:
    told: dict[tuple[str | None, str], list[Told]] = {}
    query = "select incident_id, route, news, severity, posted_at from posts order by posted_at"
    for incident_id, route, *rest in connection.execute(query).fetchall():
        told.setdefault((incident_id, route), []).append(Told(*rest))
    return told


def _note(history: History, arrived: Post, now: datetime) -> None:
    about: list[tuple[str | None, str | None, int | None]]
    about = [(incident.id, incident.severity, incident.failures) for incident in arrived.incidents]
    if arrived.news is News.DIGEST:
        about = [(None, None, None)]
    rows = [(one, arrived.route.name, str(arrived.news), severity, failures, now) for one, severity, failures in about]
    with history.transaction() as connection:
        connection.executemany("insert into posts values (?, ?, ?, ?, ?, ?)", rows)
