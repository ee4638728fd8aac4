"""What a run received is what it works with, whatever becomes of the files; and nothing real disappears silently."""

import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from sentinel_orchestration.feeds.inbox import Inbox
from sentinel_orchestration.feeds.receipts import FILE, DamagedReceiptsError
from sentinel_orchestration.lake.received import FeedMissingError, Lake
from sentinel_orchestration.lake.silver import gate_feed
from tests.lake.conftest import next_run

Rows = dict[str, pl.DataFrame]
Submit = Callable[..., Path]


def names(lake: Lake, feed: str) -> list[str]:
    return [record.source_file for records in lake.active(feed).values() for record in records]


def test_a_file_changed_after_receipt_counts_as_it_was_received(
    lake: Lake, submit: Submit, silver: Callable[[str], pl.DataFrame], fleet_rows: Rows
) -> None:
    """Appended to, touched or taken away between the steps of a run: the gate sees what bronze received."""
    path = submit("sites", fleet_rows["sites"], "a.csv")
    lake.receive("sites")
    with path.open("a", encoding="utf-8") as file:
        file.write("SITE-99,new,north,desert,1,1,2020-01-01\n")
    gate_feed(lake, "sites")
    assert silver("sites").height == fleet_rows["sites"].height
    path.unlink()
    gate_feed(lake, "sites")
    assert silver("sites").height == fleet_rows["sites"].height


def test_other_content_of_the_same_name_size_and_time_is_read(lake: Lake, submit: Submit, fleet_rows: Rows) -> None:
    path = submit("sites", fleet_rows["sites"].with_columns(region=pl.lit("north")), "a.csv", hour=10)
    lake.receive("sites")
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"north", b"south"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    (record,) = lake.receive("sites")
    (piece,) = lake.bronze("sites").pieces("", record)
    assert pl.read_parquet(piece)["region"].unique().to_list() == ["south"]


def test_what_is_kept_is_what_was_hashed(
    lake: Lake, submit: Submit, fleet_rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is swapped as soon as its content was hashed."""
    path = submit("sites", fleet_rows["sites"].with_columns(region=pl.lit("north")), "a.csv")
    first = path.read_bytes()
    take = type(lake.bronze("sites")).take

    def swapped(*arguments: object) -> object:
        path.write_bytes(first.replace(b"north", b"south"))
        return take(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as attack:
        attack.setattr("sentinel_orchestration.lake.bronze.Bronze.take", swapped)
        (record,) = lake.receive("sites")
    (piece,) = lake.bronze("sites").pieces("", record)
    assert pl.read_parquet(piece)["region"].unique().to_list() == ["north"]
    (after,) = lake.receive("sites")
    assert after.batch_id != record.batch_id


class TestOrder:
    """The order of receipt outlives data/ and the times of files."""

    def test_a_correction_of_old_days_wins_after_data_was_deleted(
        self, lake: Lake, submit: Submit, silver: Callable[[str], pl.DataFrame], fleet_rows: Rows
    ) -> None:
        for feed in ("sites", "towers"):
            lake.receive(feed)
            gate_feed(lake, feed)
        rows = fleet_rows["telemetry"].filter(pl.col("ts").dt.day() == 2)
        lake = next_run(lake)
        submit("telemetry", fleet_rows["telemetry"].with_columns(cpu_pct=1.0), "z.parquet")
        lake = next_run(lake)
        lake.receive("telemetry")
        submit("telemetry", rows.with_columns(cpu_pct=2.0), "a.parquet")
        lake.receive("telemetry")
        gate_feed(lake, "telemetry")
        before = silver("telemetry")
        assert before.filter(pl.col("ts").dt.day() == 2)["cpu_pct"].unique().to_list() == [2.0]

        shutil.rmtree(lake.layout.bronze)
        for hour, name in enumerate(("a.parquet", "z.parquet"), start=1):
            os.utime(lake.layout.inbox / "telemetry" / name, (hour, hour))  # as unzip leaves them
        again = next_run(lake)
        for feed in ("sites", "towers"):
            again.receive(feed)
        again.receive("telemetry")
        gate_feed(again, "telemetry")
        assert silver("telemetry").equals(before)

    def test_without_receipts_the_newest_event_decides(self, lake: Lake, submit: Submit, fleet_rows: Rows) -> None:
        rows = fleet_rows["telemetry"].sort("ts")
        submit("telemetry", rows, "a.parquet")
        submit("telemetry", rows.head(5), "b.parquet")
        lake.receive("telemetry")
        assert names(lake, "telemetry")[:2] == ["b.parquet", "a.parquet"]

    def test_a_clock_that_goes_back_reverses_nothing(
        self, lake: Lake, submit: Submit, fleet_rows: Rows, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        submit("sites", fleet_rows["sites"].with_columns(region=pl.lit("first")), "1.csv")
        (first,) = lake.receive("sites")
        submit("sites", fleet_rows["sites"].with_columns(region=pl.lit("second")), "2.csv")

        class Yesterday(type(first.received_at)):  # type: ignore[misc]
            @classmethod
            def now(cls, tz: object = None) -> object:
                return super().now(tz) - timedelta(days=1)  # type: ignore[arg-type]

        monkeypatch.setattr("sentinel_orchestration.feeds.inbox.datetime", Yesterday)
        lake.receive("sites")
        assert names(lake, "sites") == ["1.csv", "2.csv"]
        second = lake.active("sites")[""][-1]
        assert second.received_at < first.received_at

    def test_damaged_receipts_are_an_error(self, lake: Lake, submit: Submit, fleet_rows: Rows) -> None:
        path = submit("sites", fleet_rows["sites"])
        path.with_name(FILE).write_text("{torn", encoding="utf-8")
        with pytest.raises(DamagedReceiptsError, match="is damaged"):
            lake.receive("sites")

    def test_ingested_files_have_a_receipt_before_any_build(self, lake: Lake, tmp_path: Path, fleet_rows: Rows) -> None:
        fleet_rows["sites"].write_csv(tmp_path / "sites.csv")
        bronze = lake.bronze("sites")
        with bronze.receiving():
            record = Inbox(lake.layout.inbox, 1000).submit(bronze, tmp_path / "sites.csv")
        assert record.sha256 in (lake.layout.inbox / "sites" / FILE).read_text()


class TestNothingRealDisappears:
    """A feed that somebody provided becomes absent or simulated only when that is said."""

    @pytest.fixture
    def real(self, lake: Lake, submit: Submit, fleet_rows: Rows) -> Lake:
        lake.layout.sources.unlink()
        submit("sites", fleet_rows["sites"], "mine.csv")
        submit("towers", fleet_rows["towers"], "mine.csv")
        for feed in ("sites", "towers"):
            lake.receive(feed)
        return next_run(lake)

    def test_an_emptied_inbox_is_an_error_and_leaves_everything(self, real: Lake) -> None:
        shutil.rmtree(real.layout.inbox)
        run = next_run(real)
        assert {run.source(feed) for feed in ("sites", "towers")} == {"inbox"}
        assert run.source("telemetry") == "absent"
        with pytest.raises(FeedMissingError) as error:
            run.receive("sites")
        assert str(error.value) == (
            f"sites came from mine.csv, and none of it is in {real.layout.inbox / 'sites'} now. Put it back. If sites is "
            "meant to go, run `sentinel build --allow-missing sites`, or write `sites: absent` under `feeds:` in "
            f"{real.layout.sources}."
        )
        assert names(run, "sites") == ["mine.csv"]

    def test_it_may_go_where_that_is_said(self, real: Lake) -> None:
        (real.layout.inbox / "sites/mine.csv").unlink()
        run = Lake(real.settings, real.as_of, allowed_missing=frozenset(["sites"]))
        assert (run.source("sites"), run.source("towers")) == ("absent", "inbox")
        assert run.receive("sites") == []
        assert run.active("sites") == {}
        assert next_run(real).receive("sites") == []  # and stays gone

    def test_the_demonstration_comes_back_where_everything_may_go(self, real: Lake) -> None:
        shutil.rmtree(real.layout.inbox)
        run = Lake(real.settings, real.as_of, allowed_missing=frozenset(["all"]))
        assert {run.source(feed) for feed in run.contracts} == {"simulator"}
        assert run.receive("sites")

    def test_sources_yaml_may_say_it(self, real: Lake) -> None:
        (real.layout.inbox / "sites/mine.csv").unlink()
        real.layout.sources.write_text("feeds: {sites: absent}", encoding="utf-8")
        run = next_run(real)
        assert run.receive("sites") == []

    def test_a_damaged_file_is_refused_not_missing(self, real: Lake) -> None:
        (real.layout.inbox / "sites/mine.csv").write_bytes(b"")
        run = next_run(real)
        (record,) = run.receive("sites")
        assert record.refused_because
        assert names(run, "sites") == ["mine.csv"]


def test_a_file_with_a_header_only_has_no_rows_yet(
    lake: Lake, submit: Submit, refresh: Callable[..., object], fleet_rows: Rows
) -> None:
    for feed in ("sites", "towers", "telemetry"):
        submit(feed, fleet_rows[feed].clear(), "export.csv")
        assert refresh(lake, feed) == []
        assert lake.layout.silver_files(feed) == {} or feed != "telemetry"
    (record,) = next_run(lake).receive("telemetry")
    assert (record.refused_because, record.rows, record.rows_by_day) == (None, 0, {})
