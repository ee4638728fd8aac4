"""Bronze forgets what nothing needs: never what counts, what silver or a release was made from, or what history tells."""

import json
import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from sentinel_orchestration.lake.counts import silver_counts
from sentinel_orchestration.lake.history import read_history, update_history
from sentinel_orchestration.lake.pinned import PinnedLake
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.rejudging import judge_again
from sentinel_orchestration.lake.silver import gate_feed
from sentinel_orchestration.lake.spent_batches import spent_batches
from sentinel_orchestration.settings import Settings
from tests.lake.conftest import next_run

Rows = dict[str, pl.DataFrame]
LONG = timedelta(days=31)


def in_a_month() -> datetime:
    """Before that, all that was done until now is over a month old."""
    return datetime.now(UTC).replace(tzinfo=None) + LONG


def prune(lake: Lake, released: dict[str, set[str]] | None = None, before: datetime | None = None) -> list[str]:
    found = spent_batches(lake, released or {}, before or in_a_month())
    for surplus in found:
        surplus.remove()
    return [surplus.what for surplus in found]


def ids(lake: Lake, feed: str) -> set[str]:
    return {record.batch_id for record in lake.bronze(feed).every_record()}


def active(lake: Lake, feed: str) -> set[str]:
    return {record.batch_id for record in lake.bronze(feed).active()}


@pytest.fixture
def telemetry(lake: Lake, submit: Callable[..., Path], fleet_rows: Rows) -> Callable[..., Lake]:
    """Puts the inbox of telemetry into a state: name → factor of its figures (None: gone), and receives and gates it."""
    rows = fleet_rows["telemetry"]

    def look(**files: float | None) -> Lake:
        for name, factor in files.items():
            if factor is None:
                (lake.layout.inbox / "telemetry" / f"{name}.parquet").unlink()
            else:
                submit("telemetry", rows.with_columns(mem_pct=pl.col("mem_pct") * factor), f"{name}.parquet")
        later = next_run(lake)
        for feed in ("sites", "towers", "telemetry"):
            later.receive(feed)
            gate_feed(later, feed)
        return later

    return look


def test_a_batch_that_was_replaced_goes_when_it_is_old(telemetry: Callable[..., Lake]) -> None:
    first = active(telemetry(a=1.0), "telemetry")
    lake = telemetry(a=0.5)
    assert first < ids(lake, "telemetry")
    assert prune(lake, before=datetime.now(UTC).replace(tzinfo=None) - LONG) == []
    assert prune(lake) == ["1 batch of telemetry"]
    assert ids(lake, "telemetry") == active(lake, "telemetry")
    assert not [path for path in lake.bronze("telemetry").folder.rglob("*") if path.name.startswith(*first)]
    assert prune(lake) == []


def test_its_age_counts_from_when_it_ceased_to_count(telemetry: Callable[..., Lake]) -> None:
    lake = telemetry(a=1.0)
    (first,) = active(lake, "telemetry")
    record = lake.bronze("telemetry").files()[first][0]
    long_ago = time.time() - LONG.total_seconds()
    os.utime(record, (long_ago, long_ago))
    before = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=1)
    lake = telemetry(a=0.5)
    assert prune(lake, before=before) == []
    os.utime(record, (long_ago, long_ago))
    assert prune(lake, before=before) == ["1 batch of telemetry"]


def test_what_a_release_was_made_from_stays(telemetry: Callable[..., Lake]) -> None:
    first = active(telemetry(a=1.0), "telemetry")
    lake = telemetry(a=0.5)
    assert prune(lake, {"telemetry": first}) == []
    assert first < ids(lake, "telemetry")


def test_what_silver_was_made_from_stays(telemetry: Callable[..., Lake], submit, fleet_rows: Rows) -> None:
    """A release may be cut from silver before the gate has seen what was received last."""
    lake = telemetry(a=1.0)
    first = active(lake, "telemetry")
    submit("telemetry", fleet_rows["telemetry"].head(9), "a.parquet")
    lake = next_run(lake)
    lake.receive("telemetry")
    assert active(lake, "telemetry") != first
    assert prune(lake) == []
    gate_feed(lake, "telemetry")
    assert prune(lake) == ["1 batch of telemetry"]


def test_a_refused_file_goes_with_its_record_and_one_that_is_still_offered_is_young(
    telemetry: Callable[..., Lake], submit, fleet_rows: Rows
) -> None:
    lake = telemetry(a=1.0)
    path = submit("telemetry", fleet_rows["telemetry"].drop("ts"), "bad.csv")
    lake = next_run(lake)
    lake.receive("telemetry")
    (refused,) = ids(lake, "telemetry") - active(lake, "telemetry")
    record = lake.bronze("telemetry").files()[refused][0]
    os.utime(record, (0, 0))
    before = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=1)
    next_run(lake).receive("telemetry")
    assert prune(lake, before=before) == []
    path.unlink()
    os.utime(record, (0, 0))
    assert prune(lake, before=before) == ["1 batch of telemetry"]
    assert not lake.bronze("telemetry").refused_file(refused, ".csv").exists()


def test_a_batch_that_replaces_one_that_stays_stays_with_it(telemetry: Callable[..., Lake]) -> None:
    lake = telemetry(a=1.0)
    wrong = active(lake, "telemetry")
    (judged,) = judge_again(lake, "telemetry", datetime(2026, 1, 1), "the clock was wrong")
    lake = telemetry(a=0.5)
    assert prune(lake, {"telemetry": wrong}) == []
    lake = telemetry(b=1.0)  # the file that was judged again, under another name
    assert {judged.batch_id} < active(lake, "telemetry")
    telemetry(b=None)
    assert prune(lake) == ["2 batches of telemetry"]


def test_files_without_a_record_go_too(telemetry: Callable[..., Lake]) -> None:
    """A removal that was killed has taken the record first."""
    first = active(telemetry(a=1.0), "telemetry")
    lake = telemetry(a=0.5)
    record, *pieces = lake.bronze("telemetry").files()[first.pop()]
    record.unlink()
    assert prune(lake, before=datetime(2000, 1, 1)) == ["1 batch of telemetry"]
    assert not any(path.exists() for path in pieces)


def test_a_batch_that_comes_back_between_the_look_and_the_removal_stays(telemetry: Callable[..., Lake]) -> None:
    telemetry(a=1.0)
    lake = telemetry(a=0.5)
    (surplus,) = spent_batches(lake, {}, in_a_month())
    back = active(telemetry(a=1.0), "telemetry")
    surplus.remove()
    assert ids(lake, "telemetry") == back
    assert gate_feed(telemetry(), "telemetry")


def test_a_day_of_which_nothing_is_left_has_no_folder(lake: Lake, settings: Settings) -> None:
    lake.receive("telemetry")
    gate_feed(lake, "telemetry")
    assert len(list(lake.bronze("telemetry").folder.glob("day=*"))) == 3
    later = Lake(Settings(**settings.model_dump() | {"days": 1}), lake.as_of)
    later.receive("telemetry")
    gate_feed(later, "telemetry")
    assert prune(later) == ["2 batches of telemetry"]
    assert len(list(lake.bronze("telemetry").folder.glob("day=*"))) == 1


def firmware(lake: Lake, submit: Callable[..., Path], towers: pl.DataFrame, versions: str) -> None:
    """Receives one snapshot of the towers per letter, a day apart."""
    for day, version in enumerate(versions):
        submit(
            "towers", towers.with_columns(firmware_version=pl.lit(version), model=pl.lit(f"m{day}")), "towers.parquet"
        )
        later = next_run(lake)
        later.receive("towers")
        (record,) = later.bronze("towers").active()
        moment = datetime(2025, 3, 1) + timedelta(days=day)
        later.bronze("towers").update(type(record)(**vars(record) | {"received_at": moment}))
        gate_feed(later, "towers")
        update_history(later, lake.contracts["towers"])


@given(versions=st.text("ab", min_size=1, max_size=7))
@example_settings(max_examples=12)
def test_history_comes_out_the_same_without_the_batches_that_say_nothing_new(
    versions: str, tmp_path_factory: pytest.TempPathFactory, fleet_rows: Rows
) -> None:
    home = tmp_path_factory.mktemp("history")
    lake = Lake(Settings(home=home, as_of=datetime(2025, 3, 9)), datetime(2025, 3, 9))

    def submit(feed: str, frame: pl.DataFrame, name: str) -> Path:
        path = home / "inbox" / feed / name
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(path)
        return path

    firmware(lake, submit, fleet_rows["towers"].head(2), versions)
    lake = next_run(lake)
    told = read_history(lake, "towers").sort(pl.all())
    prune(lake)
    changed = 1 + sum(one != other for one, other in pairwise(versions))
    assert len(ids(lake, "towers")) in (changed, changed + 1)  # with the active one, which may say nothing new
    for again in (lambda: None, lake.layout.history_file("towers").unlink):
        again()
        update_history(lake, lake.contracts["towers"])
        assert read_history(lake, "towers").sort(pl.all()).equals(told)


class Home:
    """A home whose telemetry comes and goes, and what may be done to it."""

    def __init__(self, place: Path, rows: pl.DataFrame) -> None:
        self.inbox, self.rows, self.releases = place / "inbox" / "telemetry", rows, list[PinnedLake]()
        self.inbox.mkdir(parents=True)
        (place / "sources.yaml").write_text("default: absent\nfeeds: {telemetry: inbox}\n")
        settings = Settings(home=place, as_of=datetime(2025, 3, 4))
        self.lake = Lake(settings, datetime(2025, 3, 4), allowed_missing=frozenset({"all"}))
        self.count = 0

    def put(self, name: str, factor: float) -> None:
        self.rows.with_columns(mem_pct=pl.col("mem_pct") * factor).write_parquet(self.inbox / f"{name}.parquet")

    def drop(self, name: str) -> None:
        (self.inbox / f"{name}.parquet").unlink(missing_ok=True)

    def refused(self) -> None:
        self.rows.select(cpu_pct=pl.lit(float(self.count))).write_parquet(self.inbox / "bad.parquet")

    def rejudge(self) -> None:
        if active(self.lake, "telemetry"):
            judge_again(self.lake, "telemetry", datetime(2026, 1, 1, self.count), "why not")

    def release(self) -> None:
        """Of silver as it is; the two last ones are kept."""
        held = sorted({i for counts in silver_counts(self.lake.layout, "telemetry") for i in counts.batches})
        manifest = self.lake.settings.home / f"{self.count}.json"
        manifest.write_text(json.dumps({"batches": {"telemetry": held}}))
        self.releases = [*self.releases[-1:], PinnedLake(self.lake.settings, self.lake.as_of, manifest)]

    def run(self) -> None:
        self.lake = next_run(self.lake)
        self.lake.receive("telemetry")
        gate_feed(self.lake, "telemetry")

    def silver(self) -> dict[str, bytes]:
        return {day: path.read_bytes() for day, path in self.lake.layout.silver_files("telemetry").items()}

    def prune(self) -> None:
        needed = {"telemetry": {batch_id for one in self.releases for batch_id in one.batches["telemetry"]}}
        prune(self.lake, needed)
        assert prune(self.lake, needed) == []

    def do(self, step: str) -> None:
        self.count += 1
        name, *arguments = step.split()
        getattr(self, name)(*(float(argument) if argument.isdigit() else argument for argument in arguments))


STEPS = [
    "put a 1",
    "put a 2",
    "put b 1",
    "put b 3",
    "drop a",
    "drop b",
    "refused",
    "rejudge",
    "run",
    "run",
    "release",
    "prune",
]


@given(steps=st.lists(st.sampled_from(STEPS), min_size=5, max_size=20))
@example_settings(max_examples=25)
def test_whatever_came_and_went_releases_can_be_made_again_and_so_can_silver(
    steps: list[str], tmp_path_factory: pytest.TempPathFactory, fleet_rows: Rows
) -> None:
    home = Home(tmp_path_factory.mktemp("steps"), fleet_rows["telemetry"].head(20))
    for step in (*steps, "release", "put a 5", "run", "prune"):
        home.do(step)
        assert [one.missing() for one in home.releases] == [{}] * len(home.releases)
    before = home.silver()
    shutil.rmtree(home.lake.layout.silver)
    gate_feed(home.lake, "telemetry")
    assert home.silver() == before
