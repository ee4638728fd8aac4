"""Many days at once: the same rows as one by one, in order."""

from datetime import date, datetime, timedelta

import pytest

from sentinel_orchestration.feeds.simulator import EVENT_FEEDS, World, simulate_day, simulate_days

WORLD, UNTIL = World(seed=3, sites=3, towers=9), datetime(2026, 11, 21, 7)


@pytest.mark.parametrize("feed", EVENT_FEEDS)
def test_days_made_together_equal_days_made_alone(feed: str) -> None:
    days = [date(2026, 11, 21) - timedelta(days=back) for back in range(8)]
    together = list(simulate_days(feed, WORLD, days, UNTIL))
    assert len(together) == len(days)
    for day, frame in zip(days, together, strict=True):
        assert frame.equals(simulate_day(feed, WORLD, day, UNTIL))


def test_an_error_in_a_day_is_raised() -> None:
    with pytest.raises(ValueError, match="radar"):
        list(simulate_days("radar", WORLD, [date(2026, 11, 21)], UNTIL))
