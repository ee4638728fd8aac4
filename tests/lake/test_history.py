"""What a snapshot said before: each value with the day it was first received."""

from dataclasses import replace
from datetime import date, datetime
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_orchestration.lake.history import SCHEMA, changes, read_history, update_history
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.settings import Settings

FEED = "towers"
MONTH = [date(2025, 3, day) for day in range(1, 29)]


def receive(lake: Lake, name: str, towers: pl.DataFrame, at: datetime) -> None:
    """Submits a file of towers, received at that moment."""
    path = lake.layout.inbox / FEED / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    towers.write_parquet(path)
    record = next(r for r in lake.receive(FEED) if r.source_file == path.name)
    lake.bronze(FEED).update(replace(record, received_at=at))


def history_of(lake: Lake, tower: str) -> list[tuple[str, date]]:
    rows = read_history(lake, FEED).filter(pl.col("key") == tower).sort("seen_from")
    assert set(rows["column_name"]) == {"firmware_version"}
    return list(rows.select("value", "seen_from").iter_rows())


@pytest.fixture
def towers(fleet_rows: dict[str, pl.DataFrame]) -> pl.DataFrame:
    return fleet_rows[FEED].head(2).with_columns(firmware_version=pl.lit("4.0"))


def test_a_value_counts_from_the_day_it_was_received(settings: Settings, lake: Lake, towers: pl.DataFrame) -> None:
    changed, same = towers["tower_id"]

    def one_runs(version: str) -> pl.DataFrame:
        return towers.with_columns(
            firmware_version=pl.when(tower_id=changed).then(pl.lit(version)).otherwise("firmware_version")
        )

    receive(lake, "first", towers, datetime(2025, 3, 1, 8))
    update_history(lake, lake.contracts[FEED])
    receive(lake, "wrong", one_runs("9"), datetime(2025, 3, 5, 8))
    receive(lake, "right", one_runs("4.1"), datetime(2025, 3, 5, 9))
    receive(lake, "later", one_runs("4.1").reverse(), datetime(2025, 3, 7))
    update_history(lake, lake.contracts[FEED])
    assert history_of(lake, changed) == [("4.0", date(2025, 3, 1)), ("4.1", date(2025, 3, 5))]
    assert history_of(lake, same) == [("4.0", date(2025, 3, 1))]

    step_by_step = read_history(lake, FEED)
    path = lake.layout.history_file(FEED)
    for harm in (path.unlink, lambda: path.write_bytes(path.read_bytes()[:100])):
        harm()
        update_history(lake, lake.contracts[FEED])
        assert read_history(lake, FEED).equals(step_by_step)


def test_nothing_new_leaves_the_file_as_it_is(lake: Lake, towers: pl.DataFrame) -> None:
    receive(lake, "first", towers, datetime(2025, 3, 1))
    update_history(lake, lake.contracts[FEED])
    before = lake.layout.history_file(FEED).stat().st_ino
    update_history(lake, lake.contracts[FEED])
    assert lake.layout.history_file(FEED).stat().st_ino == before


def test_a_feed_whose_contract_keeps_none_has_none(lake: Lake) -> None:
    lake.receive("sites")
    update_history(lake, lake.contracts["sites"])
    assert not lake.layout.history_file("sites").exists()
    assert read_history(lake, "sites").is_empty()


@given(st.lists(st.tuples(st.sampled_from(MONTH), st.sampled_from("abc")), max_size=12))
def test_every_day_has_the_last_value_received_up_to_it(received: list[tuple[date, str]]) -> None:
    received.sort(key=lambda pair: pair[0])
    frames = [pl.DataFrame([("k", "c", value, day)], schema=SCHEMA, orient="row") for day, value in received]
    kept = list(changes([pl.DataFrame(schema=SCHEMA), *frames]).select("seen_from", "value").iter_rows())
    for day in MONTH:
        expected = [value for at, value in received if at <= day][-1:]
        assert [value for at, value in kept if at <= day][-1:] == expected
    assert all(earlier[1] != later[1] for earlier, later in pairwise(kept))
