"""The words of a message: for somebody on call, on a phone, at three in the morning. Plain text, which any service can show."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sentinel_orchestration.automation.alerts.kinds import kind, kind_of, place_of
from sentinel_orchestration.automation.alerts.outbox import News, Post
from sentinel_orchestration.automation.failures import step_name
from sentinel_orchestration.observe.incidents import Incident
from sentinel_orchestration.resources.failure import masked
from sentinel_orchestration.settings import Settings

DETAIL_CHARACTERS = 700
MARKS = {"error": "ERROR", "warn": "WARNING"}
PLACES = {"file": 0, "row": 1, "broken": 3}  # of a quarantined row; its key and values are between
Tone = Literal["failure", "warning", "success", "info"]  # what Apprise knows; services show it by colour


@dataclass(frozen=True)
class Message:
    """What is posted."""

    title: str
    body: str
    tone: Tone


@dataclass(frozen=True)
class Writer:
    """Writes messages as of `now` (naive UTC), with times by the operators' zone, and links to the UI and the runbooks."""

    ui: str
    docs: str
    zone: ZoneInfo
    now: datetime

    @classmethod
    def of(cls, settings: Settings, now: datetime) -> "Writer":
        """By the settings."""
        return cls(settings.ui_address, settings.docs_address, ZoneInfo(settings.timezone), now)

    def message(self, post: Post) -> Message:
        """The message of a post."""
        if post.news is News.DIGEST:
            return self._digest(post.incidents)
        first, *others = post.incidents
        tone: Tone = {"error": "failure", "warn": "warning"}[first.severity]  # type: ignore[assignment]
        tone = "success" if post.news is News.RESOLVED else tone
        if others:
            title = f"{self._mark(post.news, first)} {headline(first)}, and {len(others)} more"
            return Message(title, "\n".join(self._line(one, post.news) for one in post.incidents), tone)
        lines = self._resolved(first) if post.news is News.RESOLVED else self._open(first)
        return Message(f"{self._mark(post.news, first)} {headline(first)}", "\n".join(lines), tone)

    def _mark(self, news: News, incident: Incident) -> str:
        match news:
            case News.RESOLVED:
                return "RESOLVED"
            case News.STILL:
                return f"STILL {MARKS[incident.severity]}"
            case News.WORSE:
                return "NOW AN ERROR"
        return MARKS[incident.severity]

    def _open(self, incident: Incident) -> Iterator[str]:
        yield from _detail(incident)
        yield ""
        yield f"Since {self._time(incident.began_at)}, {lasting(self.now - incident.began_at)} ago."
        if incident.failures > 1:
            yield f"Failed {incident.failures:,} times, last at {self._time(incident.last_failed_at)}."
        yield _how_bad(incident)
        yield from _rows(incident)
        yield ""
        yield f"Owner: {incident.owner}" + (f", domain {incident.domain}" if incident.domain else "")
        yield f"See: {self.ui}{place_of(incident)}"
        yield f"What to do: {self.docs}/runbooks/{kind_of(incident)}.md"
        yield (
            f"Acknowledged by {incident.acknowledged_by}."
            if incident.acknowledged_at
            else f"No more reminders: sentinel ack {incident.id}"
        )

    def _resolved(self, incident: Incident) -> Iterator[str]:
        ended = incident.resolved_at or self.now
        lasted = lasting(ended - incident.began_at)
        yield f"It lasted {lasted}, from {self._time(incident.began_at)} to {self._time(ended)}."
        if incident.failures > 1:
            yield f"It failed {incident.failures:,} times."
        yield f"Owner: {incident.owner}" + (f", domain {incident.domain}" if incident.domain else "")
        yield f"See: {self.ui}{place_of(incident)}"

    def _digest(self, incidents: tuple[Incident, ...]) -> Message:
        going_on = [incident for incident in incidents if incident.is_open]
        over = [incident for incident in incidents if not incident.is_open]
        lines = [self._line(incident, News.STILL) for incident in going_on] or ["Nothing is wrong."]
        if over:
            lines += ["", "Resolved in the last 24 hours:", *(self._line(one, News.RESOLVED) for one in over)]
        errors = sum(incident.severity == "error" for incident in going_on)
        title = "Daily digest: all is well"
        if going_on:
            title = f"Daily digest: {_count(errors, 'error')} and {_count(len(going_on) - errors, 'warning')} open"
        return Message(title, "\n".join([*lines, "", f"All runs and checks: {self.ui}"]), "info")

    def _line(self, incident: Incident, news: News) -> str:
        if news is News.RESOLVED:
            ended = incident.resolved_at or self.now
            when = f"from {self._time(incident.began_at)}, for {lasting(ended - incident.began_at)}"
        else:
            when = f"since {self._time(incident.began_at)}"
            when += f", {incident.failures:,} failures" if incident.failures > 1 else ""
            when += f", acknowledged by {incident.acknowledged_by}" if incident.acknowledged_at else ""
        return f"- {MARKS[incident.severity]} {headline(incident)}: {when} ({incident.owner}, {incident.id})"

    def _time(self, moment: datetime) -> str:
        local = moment.replace(tzinfo=UTC).astimezone(self.zone)
        return f"{local:%a %d %b, %H:%M %Z}"


def headline(incident: Incident) -> str:
    """The problem in a few words: what it is about, and what is wrong with it."""
    about = step_name(incident.subject) if incident.kind == "step" else incident.subject
    return f"{about}: {kind(incident).headline.format(check=incident.check_name)}"


def _detail(incident: Incident) -> Iterator[str]:
    """What was found, and the rule. dbt's own words are masked: they may quote a row, personal columns among them."""
    detail = incident.detail or kind(incident).otherwise
    if (incident.check_kind or "").startswith("dbt"):
        detail = masked(detail)
    yield _plain(detail if len(detail) <= DETAIL_CHARACTERS else f"{detail[:DETAIL_CHARACTERS]}…")
    if incident.rule:
        yield f"The rule: {_plain(incident.rule)}"


def _how_bad(incident: Incident) -> str:
    if incident.severity == "warn":
        return "A warning: it holds nothing back."
    if incident.is_blocking:
        return "An error: nothing is released until it is fixed."
    return "An error. It holds no release back." if incident.kind == "check" else "An error."


def _rows(incident: Incident) -> Iterator[str]:
    if incident.sample:
        yield ""
        yield "Rows that fail:"
        yield from (f"- {_row(row)}" for row in incident.sample)


def _row(row: Mapping[str, Any]) -> str:
    """A row in one line. Dagster keeps objects with their keys sorted, so what a reader looks for first is put first again."""
    names = sorted(row, key=lambda name: PLACES.get(name, 2))
    shown = {name: "empty" if row[name] is None else str(row[name]) for name in names}
    return ", ".join(f"{name} {_plain(value, in_line=True)}" for name, value in shown.items())


def _plain(text: str, in_line: bool = False) -> str:
    """Without control characters: they come from files of others."""
    kept = "" if in_line else "\n"
    return "".join(letter if letter.isprintable() or letter in kept else "·" for letter in text)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def lasting(span: timedelta) -> str:
    """A duration in its two largest units: '3 h 20 min', '2 days 4 h'."""
    minutes = max(0, int(span.total_seconds() // 60))
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [(days, _count(days, "day")), (hours, f"{hours} h"), (minutes, f"{minutes} min")]
    shown = [text for number, text in parts if number][:2]
    return " ".join(shown) or "less than a minute"
