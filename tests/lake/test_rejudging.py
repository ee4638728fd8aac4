"""Batches received under a wrong clock are judged again, without loss, and with the reason."""

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.rejudging import CannotJudgeError, judge_again
from sentinel_orchestration.lake.silver import gate_feed
from tests.lake.conftest import next_run

Rows = dict[str, pl.DataFrame]
Read = Callable[[str], pl.DataFrame]


class In2019(datetime):
    """A clock that is years behind."""

    @classmethod
    def now(cls, tz: object = None) -> datetime:
        return datetime(2019, 5, 5, tzinfo=tz)  # type: ignore[arg-type]


@pytest.fixture
def behind(lake: Lake, submit: Callable[..., Path], fleet_rows: Rows, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake whose telemetry was received in 2019, by the clock: every row of it is of the future."""
    for feed in ("sites", "towers"):
        lake.receive(feed)
        gate_feed(lake, feed)
    submit("telemetry", fleet_rows["telemetry"], "a.parquet")
    lake = next_run(lake)
    with monkeypatch.context() as clock:
        clock.setattr("sentinel_orchestration.feeds.inbox.datetime", In2019)
        lake.receive("telemetry")
    gate_feed(lake, "telemetry")
    return lake


def test_rows_of_the_future_are_good_once_judged_again(
    behind: Lake, silver: Read, quarantine: Read, fleet_rows: Rows
) -> None:
    assert quarantine("telemetry")["_rules"].unique().to_list() == ["ts.future"]
    (before,) = behind.bronze("telemetry").active()

    (after,) = judge_again(behind, "telemetry", datetime(2026, 1, 1), "the clock was in 2019")

    assert (after.replaces, after.reason, after.rows) == (before.batch_id, "the clock was in 2019", before.rows)
    assert len(after.rows_by_day) == 3
    gate_feed(behind, "telemetry")
    assert silver("telemetry").height == fleet_rows["telemetry"].height
    assert quarantine("telemetry").is_empty()


def test_the_batch_it_was_stays_for_verification(behind: Lake) -> None:
    (before,) = behind.bronze("telemetry").active()
    judge_again(behind, "telemetry", datetime(2026, 1, 1), "wrong clock")
    bronze = behind.bronze("telemetry")
    assert bronze.records([before.batch_id]) == [before]
    assert all(bronze.pieces(day, before) for day in before.rows_by_day)


def test_it_stays_judged_when_the_file_is_looked_at_again(behind: Lake) -> None:
    (after,) = judge_again(behind, "telemetry", datetime(2026, 1, 1), "wrong clock")
    (found,) = next_run(behind).receive("telemetry")
    assert found.batch_id == after.batch_id
    path = behind.layout.inbox / "telemetry" / "a.parquet"
    path.rename(path.with_name("b.parquet"))
    (found,) = next_run(behind).receive("telemetry")
    assert (found.batch_id, found.source_file) == (after.batch_id, "b.parquet")


def test_it_stays_judged_after_data_was_deleted(behind: Lake) -> None:
    judge_again(behind, "telemetry", datetime(2026, 1, 1), "wrong clock")
    shutil.rmtree(behind.layout.bronze)
    (found,) = next_run(behind).receive("telemetry")
    assert found.received_at == datetime(2026, 1, 1)


@pytest.mark.parametrize(("feed", "batch"), [("sites", None), ("telemetry", "nothing"), ("detections", None)])
def test_what_nobody_provided_cannot_be_judged_again(behind: Lake, feed: str, batch: str | None) -> None:
    with pytest.raises(CannotJudgeError, match=f"{feed} has no such batch"):
        judge_again(behind, feed, datetime(2026, 1, 1), "why not", batch)
