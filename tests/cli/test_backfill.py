"""`sentinel backfill`: builds a range of days, and says in one line what is wrong with others."""

from datetime import date, datetime
from pathlib import Path

import dagster as dg
import pytest

from sentinel_orchestration.automation.instance import open_instance
from sentinel_orchestration.cli.backfill import DayError, backfill_command
from sentinel_orchestration.settings import Settings
from tests.cli.commands import run_sentinel


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, as_of=datetime(2026, 11, 21), sites=2, towers=5, days=3)


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        ("yesterday", None, "FIRST 'yesterday' is not a day. Write it as 2026-11-01."),
        ("2026-11-01", "2026-11-31", "LAST '2026-11-31' is not a day. Write it as 2026-11-01."),
        ("2026-11-05", "2026-11-01", "FIRST 2026-11-05 is after LAST 2026-11-01. Write the earlier day first."),
        ("2019-12-31", None, "FIRST 2019-12-31 has no partition: there is one per day from 2020-01-01"),
        ("2026-11-20", "2026-11-22", "LAST 2026-11-22 has no partition: .* to 2026-11-21."),
    ],
)
def test_days_that_cannot_be_built(settings: Settings, first: str, last: str | None, message: str) -> None:
    with pytest.raises(DayError, match=message):
        backfill_command(settings, first, last, with_report=False)
    assert not settings.layout.dagster.exists()


def test_its_days_are_received_and_no_other(settings: Settings) -> None:
    small = {"SENTINEL_AS_OF": "2026-11-21", "SENTINEL_SITES": "2", "SENTINEL_TOWERS": "5", "SENTINEL_DAYS": "3"}
    result = run_sentinel(settings.home, "backfill", "2026-11-18", "2026-11-19", "--no-report", **small)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "days 2026-11-18 to 2026-11-19 of event feeds" in result.stdout
    assert list(settings.layout.silver_files("telemetry")) == ["2026-11-18", "2026-11-19"]
    assert not list(settings.layout.event_logs.glob("*-*.db-wal"))  # larger than the log of the run itself
    with open_instance(settings) as instance:
        key = dg.AssetKey(["silver", "telemetry"])
        assert instance.get_materialized_partitions(key) == {date(2026, 11, day).isoformat() for day in (18, 19)}
