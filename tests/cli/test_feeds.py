"""`sentinel feeds`: a line per feed that says where it stands."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl
import pytest

from sentinel_orchestration.cli.feeds import feeds_command, freshness
from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.feeds.inbox import Inbox
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.silver import gate_feed
from sentinel_orchestration.settings import Settings

NEWEST = datetime(2026, 3, 1)


@pytest.fixture
def lines(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[], dict]:
    """Runs the command on the home of `settings`: feed → the words of its line, "" → what follows the table."""

    def run() -> dict[str, list[str]]:
        monkeypatch.setenv("SENTINEL_HOME", str(settings.home))
        monkeypatch.setenv("SENTINEL_AS_OF", settings.as_of.isoformat())
        assert feeds_command() == 0
        heading, *said = [line.split() for line in capsys.readouterr().out.splitlines()]
        assert heading[:4] == ["feed", "source", "files", "rows"]
        return {words[0] if words[0] in load_contracts() else "": words for words in said}

    return run


def test_before_any_build_each_feed_has_its_line(lines: Callable[[], dict]) -> None:
    found = lines()
    assert found.keys() == load_contracts().keys()
    assert found["sites"] == ["sites", "simulator", "–", "0", "–", "–", "0", "–"]
    assert found["telemetry"][-2:] == ["no", "data"]


def test_a_line_counts_files_rows_events_and_what_was_rejected(
    lines: Callable[[], dict], lake: Lake, fleet_rows: dict[str, pl.DataFrame]
) -> None:
    folder = lake.layout.inbox / "telemetry"
    folder.mkdir(parents=True)
    rows = fleet_rows["telemetry"]
    half = rows.height // 2
    rows.head(half).write_parquet(folder / "first.parquet")
    rows.tail(-half).with_columns(cpu_pct=pl.lit(500.0)).write_csv(folder / "second.csv")
    for feed in ("sites", "towers", "telemetry"):
        lake.receive(feed)
    assert " ".join(lines()[""]) == "! Submitted and not built yet: telemetry. Next: sentinel build"
    for feed in ("sites", "towers", "telemetry"):
        gate_feed(lake, feed)

    found = lines()
    good = rows.head(half)["ts"]
    ends = [f"{moment:%Y-%m-%d %H:%M}".split() for moment in (good.min(), good.max())]
    expected = ["telemetry", "inbox", "2", f"{rows.height:,}", *ends[0], *ends[1], f"{rows.height - half:,}", "stale,"]
    assert found["telemetry"][: len(expected)] == expected
    assert "" not in found

    file = lake.layout.home / "third.csv"
    rows.head(1).write_csv(file)
    Inbox(lake.layout.inbox, chunk_rows=1000).submit(lake.bronze("telemetry"), file)
    assert "telemetry." in lines()[""]


@pytest.mark.parametrize(
    ("warn", "error", "hours", "said"),
    [
        (6, 24, 6, "fresh, 6.0 h"),
        (6, 24, 6.1, "late, 6.1 h"),
        (6, 24, 24.5, "stale, 24.5 h"),
        (None, 24, 23, "fresh, 23.0 h"),
        (6, None, 2000, "late, 2,000.0 h"),
        (None, None, 2000, "–"),
    ],
)
def test_freshness_goes_by_the_limits_of_the_contract(
    warn: float | None, error: float | None, hours: float, said: str
) -> None:
    contract = replace(load_contracts()["telemetry"], freshness_warn_hours=warn, freshness_error_hours=error)
    assert freshness(contract, NEWEST, NEWEST + timedelta(hours=hours)) == said
