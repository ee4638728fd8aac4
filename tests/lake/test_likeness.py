"""Names and values that a person would take for each other are alike; others are not."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_orchestration.contracts import Column, load_contracts
from sentinel_orchestration.lake.likeness import closest_values, in_range, name_likeness, value_fit

ALIKE = [
    ("tower_id", "tower"), ("tower_id", "TowerID"), ("tower_id", "id"), ("cpu_pct", "cpu"), ("mem_pct", "memory"),
    ("lat", "Latitude"), ("firmware_version", "fw"), ("power_watts", "watts"), ("opened_at", "open_time"),
    ("ambient_temp_c", "temp_f"), ("status", "state"), ("target_class", "class"), ("confidence_score", "conf"),
]  # fmt: skip
UNLIKE = [("cpu_pct", "mem_pct"), ("opened_at", "closed_at"), ("tower_id", "asset"), ("ts", "site_id"), ("lat", "lng")]


@pytest.mark.parametrize(("name", "other"), ALIKE)
def test_names_that_mean_one_thing(name: str, other: str) -> None:
    assert name_likeness(name, other) >= 0.5


@pytest.mark.parametrize(("name", "other"), UNLIKE)
def test_names_that_mean_two_things(name: str, other: str) -> None:
    assert name_likeness(name, other) < 0.6


@given(st.text(max_size=30), st.text(max_size=30))
def test_likeness_is_from_0_to_1_and_the_same_both_ways(name: str, other: str) -> None:
    assert 0 <= name_likeness(name, other) <= 1
    assert name_likeness(name, other) == pytest.approx(name_likeness(other, name), abs=0.2)  # difflib is not symmetric


@pytest.mark.parametrize(
    ("kind", "fits", "does_not"),
    [
        ("timestamp", ["2026-01-01 10:00", None], ["T-1", "T-2"]),
        ("date", ["2026-01-01"], ["7"]),
        ("boolean", ["yes", "no"], ["maybe"]),
        ("number", ["1.5", "2"], ["a", "b"]),
        ("string", ["T-1", "T-2"], ["2026-01-01 10:00"]),
        ("string", ["7", "8"], ["1.25", "3.5"]),
        ("integer", ["7"], ["7.5"]),
    ],
)
def test_values_fit_a_column_of_their_kind_better(kind: str, fits: list[str | None], does_not: list[str]) -> None:
    column = Column("x", kind, "")  # type: ignore[arg-type]
    assert value_fit(pl.Series(fits), column) > 0.9
    assert value_fit(pl.Series(does_not), column) < 0.4


def test_numbers_outside_of_the_range_fit_less() -> None:
    column = Column("x", "number", "", minimum=0, maximum=1)
    assert value_fit(pl.Series([0.5, 1.0]), column) == 1
    assert value_fit(pl.Series([50.0, 100.0]), column) == 0.5
    assert in_range(pl.Series([0.5, 2.0, None]), column) == 0.5
    assert in_range(pl.Series([], dtype=pl.Float64), column) == 1


def test_a_list_fits_nothing() -> None:
    assert value_fit(pl.Series([[1], [2]]), Column("x", "number", "")) == 0


def test_values_are_found_in_other_case_and_nearly_spelt() -> None:
    allowed = next(c for c in load_contracts()["components"].columns if c.name == "component_type").allowed
    found = closest_values(pl.Series(["eo_ir", "EO/IR", "Radar", "computer", "7", None]), allowed)
    assert found == {"eo_ir": "eo_ir", "EO/IR": "eo_ir", "Radar": "radar", "computer": "compute", "7": None}
    assert closest_values(pl.Series([1.0, 0.0]), ("on",)) == {"0": None, "1": None}
