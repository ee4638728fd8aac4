"""What holds for any frame whatever: no row is lost, gating twice is gating once, the order of reading is no matter."""

import random
from collections.abc import Callable
from datetime import datetime

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel_orchestration.contracts import Column, Contract, RowRule
from sentinel_orchestration.lake.columns import DAY, ORDER, ROW
from sentinel_orchestration.lake.gate import Gated
from sentinel_orchestration.lake.rules import SUPERSEDED

COLUMNS = (
    Column("id", "string", "", is_key=True, is_required=True),
    Column("part", "integer", "", is_key=True, is_required=True, maximum=2),
    Column("x", "number", "", minimum=0, maximum=1),
    Column("kind", "string", "", allowed=("a", "b")),
    Column("at", "timestamp", "", is_required=True),
    Column("flag", "boolean", ""),
)
RULES = (RowRule("flagged_has_x", "not flag or x is not null", ""),)
TYPED = {
    "id": st.sampled_from(["k1", "k2", None]),
    "part": st.sampled_from([1, 2, 3, None]),
    "x": st.sampled_from([0.0, -0.0, 0.5, 1.5, float("nan"), float("inf"), None]),
    "kind": st.sampled_from(["a", "b", "c", None]),
    "at": st.sampled_from([datetime(2026, 2, 28, 23), datetime(2026, 3, 1), datetime(1999, 1, 1), None]),
    "flag": st.sampled_from([True, False, None]),
}
TYPES = {
    "id": pl.String,
    "part": pl.Int64,
    "x": pl.Float64,
    "kind": pl.String,
    "at": pl.Datetime("ns"),
    "flag": pl.Boolean,
}
WRITTEN = st.sampled_from(
    ["k1", "k2", "1", "2", "0.5", "2026-03-01", "2026-03-01T00:00Z", "true", "a", "NaN", "", None]
)
PLACE = {DAY: st.sampled_from(["2026-02-28", "2026-03-01"]), ORDER: st.integers(0, 2)}
rows_typed = st.lists(st.fixed_dictionaries(TYPED | PLACE), max_size=25)
rows_written = st.lists(st.fixed_dictionaries(dict.fromkeys(TYPED, WRITTEN) | PLACE), max_size=25)
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
Make, Run = Callable[..., Contract], Callable[..., Gated]


def frame_of(rows: list[dict[str, object]], types: dict[str, pl.DataType]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema={**types, DAY: pl.String, ORDER: pl.UInt32}, orient="row")
    return frame.with_row_index(ROW, offset=1)


def assert_nothing_is_lost(raw: pl.DataFrame, gated: Gated, contract: Contract) -> None:
    assert raw.height == gated.good.height + gated.quarantined.height + gated.duplicates.height
    assert not gated.good.select(DAY, *contract.key).is_duplicated().any()
    assert gated.quarantined["_rules"].str.len_chars().min() != 0
    assert gated.quarantined["_rules"].null_count() == 0
    for day in raw[DAY].unique():
        parts = (frame.filter(pl.col(DAY) == day).height for frame in (gated.good, gated.quarantined, gated.duplicates))
        assert raw.filter(pl.col(DAY) == day).height == sum(parts)


@quick
@given(rows=rows_typed)
def test_typed_rows_are_good_quarantined_or_duplicates(contract_of: Make, gate_rows: Run, rows: list) -> None:
    contract = contract_of(*COLUMNS, event_time="at", rules=RULES)
    raw = frame_of(rows, TYPES)
    assert_nothing_is_lost(raw, gate_rows(raw, contract), contract)


@quick
@given(rows=rows_written)
def test_written_rows_are_good_quarantined_or_duplicates(contract_of: Make, gate_rows: Run, rows: list) -> None:
    contract = contract_of(*COLUMNS, event_time="at", rules=RULES)
    raw = frame_of(rows, dict.fromkeys(TYPED, pl.String))
    assert_nothing_is_lost(raw, gate_rows(raw, contract), contract)


@quick
@given(rows=rows_typed)
def test_gating_good_rows_again_changes_nothing(contract_of: Make, gate_rows: Run, rows: list) -> None:
    contract = contract_of(*COLUMNS, event_time="at", rules=RULES)
    good = gate_rows(frame_of(rows, TYPES), contract).good
    again = gate_rows(good, contract)
    assert again.good.equals(good)
    assert again.quarantined.is_empty()
    assert again.duplicates.is_empty()


@quick
@given(rows=rows_typed, seed=st.integers(0, 2**32))
def test_the_order_of_reading_does_not_matter(contract_of: Make, gate_rows: Run, rows: list, seed: int) -> None:
    contract = contract_of(*COLUMNS, event_time="at", rules=RULES)
    raw = frame_of(rows, TYPES)
    order = random.Random(seed).sample(range(raw.height), raw.height)
    first, second = gate_rows(raw, contract), gate_rows(raw[order], contract)
    by = [DAY, *contract.key]
    assert first.good.sort(by).equals(second.good.sort(by))
    assert first.quarantined.sort(ROW).equals(second.quarantined.sort(ROW))
    assert first.duplicates.height == second.duplicates.height


@quick
@given(rows=rows_typed)
def test_the_row_that_stays_is_the_newest_good_one_of_its_key(contract_of: Make, gate_rows: Run, rows: list) -> None:
    contract = contract_of(*COLUMNS, event_time="at", rules=RULES)
    gated = gate_rows(frame_of(rows, TYPES), contract)
    superseded = gated.quarantined.filter(pl.col("_rules") == SUPERSEDED)
    orphans = superseded.join(gated.good, on=[DAY, *contract.key], how="anti")
    assert orphans.is_empty()
