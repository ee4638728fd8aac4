"""Each rule of a contract quarantines exactly the rows that break it, under its name."""

from collections.abc import Callable
from datetime import datetime, timedelta
from unicodedata import normalize

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel_orchestration.contracts import Column, Contract, Reference, RowRule
from sentinel_orchestration.lake.columns import DAY, ORDER, RECEIVED, ROW, RULES
from sentinel_orchestration.lake.gate import Gated
from sentinel_orchestration.lake.rules import SUPERSEDED

ID = Column("id", "string", "", is_key=True, is_required=True)
Make = Callable[..., Contract]
Run = Callable[..., Gated]


def rules_by_id(gated: Gated) -> dict[str, str]:
    return dict(gated.quarantined.select("id", RULES).iter_rows())


@pytest.mark.parametrize(
    ("column", "fine", "broken", "rule"),
    [
        (Column("x", "string", "", is_required=True), "a", "", "x.required"),
        (Column("x", "number", "", is_required=True), "1", "NaN", "x.required"),
        (Column("x", "number", "", is_required=True), "1", "one", "x.type"),
        (Column("x", "number", ""), "", "one", "x.type"),
        (Column("x", "integer", ""), "1.0", "1.5", "x.type"),
        (Column("x", "boolean", ""), "TRUE", "2", "x.type"),
        (Column("x", "date", ""), "2026-01-31", "2026-02-31", "x.type"),
        (Column("x", "timestamp", ""), "2026-01-31", "soon", "x.type"),
        (Column("x", "number", ""), "1", "inf", "x.finite"),
        (Column("x", "number", "", minimum=0), "0", "-0.1", "x.minimum"),
        (Column("x", "integer", "", maximum=9), "9", "10", "x.maximum"),
        (Column("x", "string", "", allowed=("a", "b")), "a", "A", "x.allowed"),
        (Column("x", "string", "", max_length=3), "äöü", "abcd", "x.length"),
        (Column("x", "string", "", pattern="a|b+"), "bb", "xbb", "x.pattern"),
    ],
)
def test_a_column_rule(contract_of: Make, gate_rows: Run, column: Column, fine: str, broken: str, rule: str) -> None:
    gated = gate_rows(pl.DataFrame({"id": ["fine", "broken"], "x": [fine, broken]}), contract_of(ID, column))
    assert gated.good["id"].to_list() == ["fine"]
    assert rules_by_id(gated) == {"broken": rule}
    assert gated.duplicates.is_empty()


@pytest.mark.parametrize("character", ["\0", "\x1b", "\x7f", "\x80", "\x85", "\x9b", "\x9f"])
def test_control_characters_of_both_sets_are_rejected(contract_of: Make, gate_rows: Run, character: str) -> None:
    text = ["fine \t\r\n\xa0é", f"a{character}b"]
    gated = gate_rows(pl.DataFrame({"id": ["fine", "broken"], "x": text}), contract_of(ID, Column("x", "string", "")))
    assert rules_by_id(gated) == {"broken": "x.control_characters"}


def test_of_two_ids_that_look_the_same_only_the_composed_one_is_good(contract_of: Make, gate_rows: Run) -> None:
    others = (Column("to", "string", "", reference=Reference("others", "id")), Column("name", "string", ""))
    composed, decomposed = "Caf\u00e9", "Cafe\u0301"
    raw = pl.DataFrame(
        {"id": [composed, decomposed, "plain"], "to": ["x", "x", decomposed], "name": ["", "", decomposed]}
    )
    absent = gate_rows(raw, contract_of(ID, *others))
    assert absent.good["id"].to_list() == [composed]
    assert rules_by_id(absent) == {decomposed: "id.unicode_form", "plain": "to.unicode_form"}
    present = gate_rows(raw, contract_of(ID, *others), {Reference("others", "id"): pl.Series(["x", composed])})
    assert rules_by_id(present) == {decomposed: "id.unicode_form", "plain": "to.reference"}


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1), min_size=1, unique=True))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_good_ids_differ_after_normalizing(contract_of: Make, gate_rows: Run, ids: list[str]) -> None:
    gated = gate_rows(
        pl.DataFrame({"id": [text for one in ids for text in (one, normalize("NFD", one))]}), contract_of(ID)
    )
    good = gated.good["id"].to_list()
    assert good == [normalize("NFC", one) for one in good]
    assert len(set(good)) == len(good)
    assert set(good) >= {one for one in ids if normalize("NFC", one) == one and one.strip()}


def test_null_breaks_no_rule_but_required(contract_of: Make, gate_rows: Run) -> None:
    columns = (
        Column("n", "number", "", minimum=1, maximum=2),
        Column("s", "string", "", allowed=("a",), max_length=1, pattern="a", reference=Reference("others", "id")),
    )
    rule = RowRule("ordered", "n >= 1", "")
    referenced = {Reference("others", "id"): pl.Series(["a"])}
    raw = pl.DataFrame({"id": ["1"], "n": [None], "s": [None]})
    assert gate_rows(raw, contract_of(ID, *columns, rules=(rule,)), referenced).good.height == 1


def test_a_row_rule(contract_of: Make, gate_rows: Run) -> None:
    columns = (Column("a", "timestamp", ""), Column("b", "timestamp", ""))
    contract = contract_of(ID, *columns, rules=(RowRule("in_order", "b is null or b >= a", ""),))
    early, late = datetime(2026, 1, 1), datetime(2026, 1, 2)
    raw = pl.DataFrame({"id": ["1", "2", "3"], "a": [early, late, early], "b": [late, early, None]})
    gated = gate_rows(raw, contract)
    assert gated.good["id"].to_list() == ["1", "3"]
    assert rules_by_id(gated) == {"2": "in_order"}


def test_every_broken_rule_of_a_row_is_named(contract_of: Make, gate_rows: Run) -> None:
    columns = (
        Column("x", "number", "", minimum=0),
        Column("y", "number", ""),
        Column("z", "string", "", allowed=("a",)),
    )
    raw = pl.DataFrame({"id": ["1", None], "x": ["-1", "0"], "y": ["?", "0"], "z": ["b", "a"]})
    gated = gate_rows(raw, contract_of(ID, *columns))
    assert gated.quarantined[RULES].to_list() == ["x.minimum, y.type, z.allowed", "id.required"]


def test_an_event_must_be_between_2000_and_an_hour_after_receipt(contract_of: Make, gate_rows: Run) -> None:
    received = datetime(2026, 3, 1, 12)
    moments = {
        "first": datetime(2000, 1, 1),
        "old": datetime(1999, 12, 31, 23),
        "skewed": received + timedelta(hours=1),
        "future": received + timedelta(hours=1, microseconds=1),
        "epoch": datetime(1970, 1, 1),
    }
    contract = contract_of(ID, Column("at", "timestamp", "", is_required=True), event_time="at")
    gated = gate_rows(pl.DataFrame({"id": list(moments), "at": list(moments.values())}), contract)
    assert gated.good["id"].to_list() == ["first", "skewed"]
    assert rules_by_id(gated) == {"old": "at.too_old", "future": "at.future", "epoch": "at.too_old"}


def test_a_reference_to_a_snapshot(contract_of: Make, gate_rows: Run) -> None:
    tower = Reference("towers", "tower_id")
    contract = contract_of(ID, Column("tower_id", "string", "", reference=tower))
    raw = pl.DataFrame({"id": ["1", "2"], "tower_id": ["T1", "T9"]})
    gated = gate_rows(raw, contract, {tower: pl.Series(["T1", "T2"])})
    assert rules_by_id(gated) == {"2": "tower_id.reference"}
    nothing = gate_rows(raw, contract, {tower: pl.Series([], dtype=pl.String)})
    assert nothing.good.is_empty()


def test_raw_values_are_kept_where_one_could_not_be_read(contract_of: Make, gate_rows: Run) -> None:
    contract = contract_of(ID, Column("x", "number", "", maximum=5), Column("y", "number", ""))
    raw = pl.DataFrame({"id": ["1", "2"], "x": ["9", "9"], "y": ["two", "2"], "blob": [b"\xff", b""]})
    gated = gate_rows(raw, contract)
    assert gated.quarantined["_raw"].to_list() == ['{"id":"1","x":"9","y":"two"}', None]
    assert gated.quarantined["x"].to_list() == [9.0, 9.0]
    assert gated.quarantined[ROW].to_list() == [1, 2]


VERSIONED = (ID, Column("x", "integer", "", maximum=9))


def versions(*rows: tuple[str, int, int, int]) -> pl.DataFrame:
    """(id, x, order of its batch, row in it)"""
    types = {"id": pl.String, "x": pl.Int64, ORDER: pl.UInt32, ROW: pl.UInt32}
    return pl.DataFrame(rows, schema=types, orient="row")


def test_the_newest_version_of_a_key_stays(contract_of: Make, gate_rows: Run) -> None:
    raw = versions(("a", 3, 1, 1), ("a", 1, 0, 5), ("a", 2, 0, 9), ("b", 4, 0, 2), ("b", 5, 0, 3))
    gated = gate_rows(raw, contract_of(*VERSIONED))
    assert sorted(gated.good.select("id", "x").rows()) == [("a", 3), ("b", 5)]
    assert sorted(gated.quarantined.select("id", "x").rows()) == [("a", 1), ("a", 2), ("b", 4)]
    assert set(gated.quarantined[RULES]) == {SUPERSEDED}


def test_exact_repeats_are_duplicates_and_may_make_an_older_version_newest(contract_of: Make, gate_rows: Run) -> None:
    raw = versions(("a", 1, 0, 1), ("a", 1, 0, 2), ("a", 2, 1, 1), ("a", 1, 2, 1))
    gated = gate_rows(raw, contract_of(*VERSIONED))
    assert gated.good.select("id", "x").rows() == [("a", 1)]
    assert gated.quarantined.select("id", "x", RULES).rows() == [("a", 2, SUPERSEDED)]
    assert gated.duplicates.height == 2


def test_a_broken_row_whose_key_came_again_in_order_is_superseded(contract_of: Make, gate_rows: Run) -> None:
    mended = gate_rows(versions(("a", 99, 0, 1), ("a", 1, 1, 1)), contract_of(*VERSIONED))
    assert rules_by_id(mended) == {"a": SUPERSEDED}
    worsened = gate_rows(versions(("a", 1, 0, 1), ("a", 99, 1, 1)), contract_of(*VERSIONED))
    assert worsened.good["x"].to_list() == [1]
    assert rules_by_id(worsened) == {"a": "x.maximum"}


def test_days_gated_together_do_not_meet(contract_of: Make, gate_rows: Run) -> None:
    raw = versions(("a", 1, 0, 1), ("a", 2, 1, 1), ("b", 99, 0, 2), ("b", 3, 1, 2))
    days = pl.Series(DAY, ["2026-03-01", "2026-03-02"] * 2)
    together = gate_rows(raw.with_columns(days), contract_of(*VERSIONED))
    assert sorted(together.good.rows()) == [("a", 1, "2026-03-01"), ("a", 2, "2026-03-02"), ("b", 3, "2026-03-02")]
    assert rules_by_id(together) == {"b": "x.maximum"}


def test_a_reference_to_events_holds_near_its_day_only(contract_of: Make, gate_rows: Run) -> None:
    event = Reference("detections", "detection_id")
    contract = contract_of(ID, Column("seen", "string", "", reference=event))
    near = pl.DataFrame({"detection_id": ["D1", "D1"], DAY: ["2026-03-01", "2026-03-02"]})
    days = ["2026-03-01", "2026-03-02", "2026-03-05", "2026-03-01"]
    raw = pl.DataFrame({"id": ["1", "2", "3", "4"], "seen": ["D1", "D1", "D1", None], DAY: days})
    gated = gate_rows(raw, contract, {event: near})
    assert rules_by_id(gated) == {"3": "seen.reference"}


def test_received_at_is_that_of_the_rows_own_batch(contract_of: Make, gate_rows: Run) -> None:
    contract = contract_of(ID, Column("at", "timestamp", ""), event_time="at")
    at = datetime(2026, 3, 1, 12)
    raw = pl.DataFrame({"id": ["1", "2"], "at": [at, at], RECEIVED: [at, at - timedelta(hours=2)]})
    assert rules_by_id(gate_rows(raw, contract)) == {"2": "at.future"}
