"""What is to be posted now, out of the incidents, the routes, and what arrived before. No clock, no file, no network."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sentinel_orchestration.automation.alerts.routes import Route
from sentinel_orchestration.observe.incidents import Incident

AT_ONCE = 5  # messages of one kind to one route; beyond, they are one message
DIGEST_HOURS = 12  # behind its time, a digest is still worth reading


class News(StrEnum):
    """What a message is about."""

    OPENED = "opened"
    WORSE = "worse"
    STILL = "still"
    RESOLVED = "resolved"
    DIGEST = "digest"


@dataclass(frozen=True)
class Told:
    """A message that reached its route. Times are naive UTC."""

    news: str
    severity: str | None
    at: datetime


@dataclass(frozen=True)
class Post:
    """A message to come. Mostly about one incident; of many at once, or in a digest, about several or none."""

    route: Route
    news: News
    incidents: tuple[Incident, ...]


ToldBy = Mapping[tuple[str | None, str], Sequence[Told]]  # (incident or None for digests, route) → oldest first


def outbox(
    incidents: Iterable[Incident], routes: Iterable[Route], told: ToldBy, now: datetime, zone: ZoneInfo
) -> Iterator[Post]:
    """The messages that each route is owed at `now` (naive UTC); `zone` is that of the digests' time of day."""
    incidents = list(incidents)
    for route in routes:
        mine = [incident for incident in incidents if route.takes(incident)]
        owed: dict[News, list[Incident]] = {news: [] for news in News}
        for incident in mine:
            news = _news(incident, told.get((incident.id, route.name), ()), route, now)
            if news:
                owed[news].append(incident)
        for news, found in owed.items():
            if len(found) > AT_ONCE:
                yield Post(route, news, tuple(found))
            else:
                yield from (Post(route, news, (incident,)) for incident in found)
        if _is_time(route, told.get((None, route.name), ()), now, zone):
            day_ago = now - timedelta(days=1)
            recent = (one for one in mine if one.resolved_at is None or one.resolved_at > day_ago)
            yield Post(route, News.DIGEST, tuple(recent))


def _news(incident: Incident, told: Sequence[Told], route: Route, now: datetime) -> News | None:
    """What the route does not know yet. A problem that was over before it was told is in the digest alone."""
    if not told:
        return News.OPENED if incident.is_open else None
    if told[-1].news == News.RESOLVED:
        return None
    if not incident.is_open:
        return News.RESOLVED
    if incident.severity == "error" and all(one.severity != "error" for one in told):
        return News.WORSE
    is_due = now - told[-1].at >= timedelta(hours=route.repeat_hours)
    return News.STILL if is_due and incident.acknowledged_at is None else None


def _is_time(route: Route, digests: Sequence[Told], now: datetime, zone: ZoneInfo) -> bool:
    """Whether the newest time of the digest has passed, not long ago, and none was posted since."""
    if route.digest is None:
        return False
    today = now.replace(tzinfo=UTC).astimezone(zone).date()
    times = [datetime.combine(today - timedelta(days=back), route.digest, zone) for back in (0, 1)]
    passed = [moment for moment in (time.astimezone(UTC).replace(tzinfo=None) for time in times) if moment <= now]
    if not passed or now - passed[0] > timedelta(hours=DIGEST_HOURS):
        return False
    return all(digest.at < passed[0] for digest in digests)
