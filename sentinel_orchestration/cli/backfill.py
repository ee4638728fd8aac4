"""`sentinel backfill`: a build over some days of the event feeds."""

import time
from datetime import date

from sentinel_orchestration.cli.build import build_command
from sentinel_orchestration.settings import Settings, newest_full_hour


class DayError(ValueError):
    """Days that cannot be built; the message says which, why, and what to write."""


def backfill_command(settings: Settings, first: str, last: str | None, with_report: bool) -> int:
    """Receives and gates the days again, and builds and publishes what is made of them."""
    started = time.monotonic()
    from sentinel_orchestration.lake.run import DayRange

    days = DayRange(_day(settings, "FIRST", first), _day(settings, "LAST", last or first))
    if days.first > days.last:
        raise DayError(f"FIRST {days.first} is after LAST {days.last}. Write the earlier day first.")
    return build_command(settings, with_report, started, days=days)


def _day(settings: Settings, name: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise DayError(f"{name} {text!r} is not a day. Write it as 2026-11-01.") from error
    newest = (settings.as_of or newest_full_hour()).date()
    if not settings.first_day <= day <= newest:
        raise DayError(
            f"{name} {day} has no partition: there is one per day from {settings.first_day} (SENTINEL_FIRST_DAY) to {newest}."
        )
    return day
