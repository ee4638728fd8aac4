"""Data tests on by-day staging views look at each day until it has passed, and then not again."""

from datetime import timedelta
from pathlib import Path

import polars as pl

from tests.warehouse.small_silver import Home, day_of_window

IN_ITS_DAY = "stg_telemetry_is_in_its_day"
UNIQUE = "stg_telemetry_tower_id_and_ts_unique"
RELATIONSHIP = "relationships_stg_telemetry_tower_id__tower_id__ref_stg_towers_"


def failed(home: Home, command: str = "build", *flags: str) -> set[str]:
    """The data tests on stg_telemetry that fail."""
    found = home.invoke(command, "--select", "stg_telemetry", *flags)
    assert len(found) > 3
    assert set(found.values()) <= {"success", "pass", "fail"}
    return {name for name, status in found.items() if status == "fail"}


def test_a_bad_day_fails_until_it_is_fixed_and_no_longer(home: Home) -> None:
    good = home.read_day("telemetry", day_of_window(3))
    home.write("telemetry", good.with_columns(tower_id=pl.lit("nobody")), day_of_window(3))
    assert failed(home) == {RELATIONSHIP, UNIQUE}

    home.simulate(day_of_window(6))  # later runs bring good days only
    assert failed(home) == {RELATIONSHIP, UNIQUE}
    assert failed(home) == {RELATIONSHIP, UNIQUE}
    assert failed(home, "test") == {RELATIONSHIP, UNIQUE}

    home.write("telemetry", good, day_of_window(3))
    assert failed(home) == set()


def tamper_silently(home: Home) -> None:
    """Day 2 gets rows that break two tests, under the version of the rows that passed: only who reads it again can know."""
    rows = home.read_day("telemetry", day_of_window(2))
    bad = rows.with_columns(pl.col("ts") + timedelta(days=1), tower_id=pl.lit("nobody"))
    home.write("telemetry", bad.unique("ts"), day_of_window(2), silently=True)


def test_days_that_passed_are_not_read_again(home: Home) -> None:
    tamper_silently(home)
    assert failed(home) == set()
    home.halve(day_of_window(4))
    assert failed(home) == set()
    assert failed(home, "test") == set()
    assert failed(home, "build", "--full-refresh") == {RELATIONSHIP, IN_ITS_DAY}


def test_a_changed_test_looks_at_every_day_and_others_do_not(edited: Home, tmp_path: Path) -> None:
    home = edited.copy(tmp_path / "home")
    tamper_silently(home)
    assert failed(home) == {IN_ITS_DAY}
