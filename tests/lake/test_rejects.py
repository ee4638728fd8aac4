"""The tally of what the gate rejected: exact rows per rule, the most frequent value, however the rows are cut."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_orchestration.contracts import Column, Contract
from sentinel_orchestration.lake import rejects
from sentinel_orchestration.lake.columns import RAW, ROW, RULES
from sentinel_orchestration.lake.counts import DayCounts
from sentinel_orchestration.lake.gate import Gated
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.rejects import BrokenRule, merged, per_rule, rejects_of, tally
from sentinel_orchestration.lake.rules import SUPERSEDED

GateRows = Callable[..., Gated]
CONTRACT = Contract(
    "things", "fleet", "1", "nobody", "Things.", "One row per thing.",
    (Column("id", "string", "", is_key=True), Column("kind", "string", ""), Column("size", "number", "")),
    (), None, None, None, 0.02, "digest",
)  # fmt: skip
BROKEN = st.lists(
    st.tuples(
        st.sampled_from(["kind.allowed", "size.maximum", "kind.allowed, size.maximum", "a_row_rule", SUPERSEDED]),
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from([1.5, 2.5]),
    ),
    min_size=1,
    max_size=40,
)


def _rejected(rows: list[tuple[str, str, float]]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema={RULES: pl.String, "kind": pl.String, "size": pl.Float64}, orient="row")
    numbered = frame.with_row_index(ROW, offset=1)
    return numbered.with_columns(pl.lit("x").alias("id"), pl.lit(None, dtype=pl.String).alias(RAW))


@given(rows=BROKEN, cut=st.integers(0, 40))
def test_parts_add_up_to_the_whole(rows: list[tuple[str, str, float]], cut: int) -> None:
    rejected = _rejected(rows)
    whole = per_rule(tally(rejected, CONTRACT))
    assert per_rule(merged(tally(part, CONTRACT) for part in (rejected[:cut], rejected[cut:]) if part.height)) == whole
    assert {rule.rule: rule.rows for rule in whole} == {
        name: sum(name in broken.split(", ") for broken, *_ in rows)
        for name in {name for broken, *_ in rows for name in broken.split(", ")}
    }
    shown = [rule for rule in whole if rule.rule != SUPERSEDED]
    assert [rule.rows for rule in shown] == sorted((rule.rows for rule in shown), reverse=True)
    assert [rule.rule for rule in whole[:-1]].count(SUPERSEDED) == 0


def test_the_most_frequent_value_is_named_with_its_first_row() -> None:
    found = tally(_rejected([("kind.allowed", kind, 0.0) for kind in "abbcb"]), CONTRACT)
    assert per_rule(found) == [BrokenRule("kind.allowed", rows=5, value="b", values=3, file=None, row=2)]


def test_all_rows_are_counted_where_few_values_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejects, "KEPT_VALUES", 3)
    kinds = ["common"] * 5 + [f"k{number}" for number in range(20)]
    found = tally(_rejected([("kind.allowed", kind, 0.0) for kind in kinds]), CONTRACT)
    assert found.height == 4
    assert [(rule.rows, rule.value) for rule in per_rule(found)] == [(25, "common")]


def test_an_unreadable_value_is_shown_as_it_came(gate_rows: GateRows, contract_of: Callable[..., Contract]) -> None:
    contract = contract_of(Column("id", "string", "", is_key=True), Column("size", "number", ""))
    gated = gate_rows(pl.DataFrame({"id": ["a", "b", "c"], "size": ["1", "12 %", "12 %"]}), contract)
    assert per_rule(tally(gated.quarantined, contract)) == [BrokenRule("size.type", 2, "12 %", 1, None, 2)]


def test_quarantine_on_disk_is_counted_over_all_days(
    lake: Lake,
    submit: Callable[..., Path],
    refresh: Callable[..., list[DayCounts]],
    fleet_rows: dict[str, pl.DataFrame],
) -> None:
    is_bad = pl.int_range(pl.len()) % 5 == 0
    rows = fleet_rows["telemetry"].with_columns(cpu_pct=pl.when(is_bad).then(120.5).otherwise("cpu_pct"))
    submit("telemetry", rows, "hot.csv")
    counts = refresh(lake, "sites", "towers", "telemetry")
    (found,) = per_rule(rejects_of(lake.layout, lake.contracts["telemetry"]))
    assert len([day for day in counts if day.quarantined]) > 1
    assert found == BrokenRule("cpu_pct.maximum", -(-rows.height // 5), "120.5", 1, "hot.csv", 1)


def test_nothing_rejected_is_an_empty_tally(lake: Lake) -> None:
    assert per_rule(rejects_of(lake.layout, lake.contracts["telemetry"])) == []
