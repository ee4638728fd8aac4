"""What a person reads about rejected rows, from values that the gate really rejected."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import polars as pl
import pytest

from sentinel_orchestration.contracts import Column, Contract, Reference, RowRule, load_contracts
from sentinel_orchestration.lake.gate import Gated
from sentinel_orchestration.lake.rejects import BrokenRule, tally
from sentinel_orchestration.lake.remedies import cause, complaints
from sentinel_orchestration.lake.rules import broken_by

GateRows = Callable[..., Gated]
ContractOf = Callable[..., Contract]
KEY = Column("id", "string", "", is_key=True, is_required=True)
TOWERS = Reference("towers", "tower_id")
MAPPING = "mappings/things.yaml"


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        (
            Column("kind", "string", "", allowed=("human", "UAS")),
            ["human", "uas", "uas"],
            f"2 of 3 rows: `kind` is 'uas'; allowed: human, UAS. Add a value map ({MAPPING}) or correct the file.",
        ),
        (
            Column("kind", "string", "", allowed=("human",)),
            ["man", "dog", "man"],
            "3 of 3 rows: `kind` is 'man' (and 1 other value); allowed: human.",
        ),
        (
            Column("load", "number", "", minimum=0, maximum=100),
            [1.0, 212.5, 3.0],
            f"1 of 3 rows: `load` is 212.5; allowed: 0 to 100. Correct the file, or convert its unit ({MAPPING}).",
        ),
        (Column("load", "integer", "", minimum=1), [1, 0, 3], "`load` is 0; allowed: at least 1."),
        (
            Column("load", "number", ""),
            [1.0, float("inf"), 3.0],
            "`load` is inf, which is no number. Correct the file.",
        ),
        (
            Column("load", "number", "", is_required=True),
            [1.0, None, 3.0],
            "`load` is empty, first in row 2; every row",
        ),
        (Column("load", "number", ""), ["1", "12 %", "3"], "`load` is '12 %', which cannot be read as a number."),
        (
            Column("day", "date", ""),
            ["2025-02-29", None, None],
            "`day` is '2025-02-29', which cannot be read as a date",
        ),
        (
            Column("tower_id", "string", "", reference=TOWERS),
            ["T1", "T9", "T9"],
            "2 of 3 rows: `tower_id` is 'T9', which is not in towers. Submit the missing rows of towers, or correct",
        ),
        (
            Column("code", "string", "", pattern="[A-Z]+"),
            ["A", "b", "C"],
            "`code` is 'b', which does not match [A-Z]+.",
        ),
        (Column("code", "string", "", max_length=3), ["A", "long", "C"], "`code` is 'long'; at most 3 characters"),
        (Column("code", "string", "", max_length=3), ["A", "x" * 60, "C"], f"`code` is '{'x' * 60}'; at most"),
        (Column("code", "string", "", max_length=3), ["A", "x" * 61, "C"], f"`code` is '{'x' * 60}…'; at most"),
        (
            Column("code", "string", "", reference=Reference("posts", "code")),
            ["A", "caf" + "e\N{COMBINING ACUTE ACCENT}", "C"],
            "which can be spelled in two ways that look the same; ids are written in the Unicode form NFC. Correct the file",
        ),
        (Column("code", "string", ""), ["A", "\x1b[31m", "C"], r"`code` is '\x1b[31m', with control characters in it."),
    ],
)
def test_a_rule_is_named_with_a_value_what_is_allowed_and_the_fix(
    gate_rows: GateRows, contract_of: ContractOf, column: Column, values: list[Any], said: str
) -> None:
    contract = contract_of(KEY, column)
    frame = pl.DataFrame({"id": ["a", "b", "c"], column.name: values})
    gated = gate_rows(frame, contract, {TOWERS: pl.Series(["T1"])})
    (line,) = complaints(tally(gated.quarantined, contract), contract, 3)
    assert line.startswith("things: ")
    assert said in line


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (datetime(1999, 12, 31), "1999-12-31 00:00:00; the earliest time taken is 2000-01-01. Correct the file."),
        (datetime(2026, 3, 1, 15), f"was received. Correct the file, or set its time zone ({MAPPING})."),
    ],
)
def test_times_that_cannot_be_are_named(
    gate_rows: GateRows, contract_of: ContractOf, moment: datetime, said: str
) -> None:
    contract = contract_of(KEY, Column("at", "timestamp", ""), event_time="at")
    gated = gate_rows(pl.DataFrame({"id": ["a"], "at": [moment]}), contract)
    (line,) = complaints(tally(gated.quarantined, contract), contract, 1)
    assert said in line


def test_a_rule_over_the_row_is_named_with_what_it_says(gate_rows: GateRows, contract_of: ContractOf) -> None:
    rule = RowRule("ends_after_start", "stop >= start", "It ends no earlier than it starts.")
    contract = contract_of(KEY, Column("start", "integer", ""), Column("stop", "integer", ""), rules=(rule,))
    gated = gate_rows(pl.DataFrame({"id": ["a", "b"], "start": [1, 5], "stop": [2, 4]}), contract)
    assert complaints(tally(gated.quarantined, contract), contract, 2) == [
        "things: 1 of 2 rows: ends_after_start does not hold, first in row 2: It ends no earlier than it starts. "
        "Correct the file."
    ]


def test_superseded_rows_are_no_complaint_and_many_rules_are_cut(gate_rows: GateRows, contract_of: ContractOf) -> None:
    names = [f"c{number}" for number in range(5)]
    contract = contract_of(KEY, *(Column(name, "integer", "", maximum=number) for number, name in enumerate(names)))
    frame = pl.DataFrame({"id": ["a", "a", "b"], **{name: [0, 0, 9] for name in names}})
    again = frame.with_columns(c4=pl.Series([1, 2, 9]))
    lines = complaints(tally(gate_rows(again, contract).quarantined, contract), contract, 3)
    assert [line.split("`")[1] for line in lines[:-1]] == ["c0", "c1", "c2"]
    assert lines[-1] == "things: 2 more rules are broken."


def test_every_rule_of_every_contract_has_words_of_its_own() -> None:
    for contract in load_contracts().values():
        referenced = {reference: pl.Series([], dtype=pl.String) for _, reference in contract.references}
        for name, _ in broken_by(contract, referenced, has_unread=True):
            said = cause(contract, BrokenRule(name, 1, "x", 1, None, 1))
            assert "breaks the rule" not in said, name
            assert "None" not in said, name


def test_a_personal_value_is_not_quoted(gate_rows: GateRows, contract_of: ContractOf) -> None:
    phone = Column("phone", "integer", "", minimum=1000, is_personal=True)
    contract = contract_of(KEY, phone)
    gated = gate_rows(pl.DataFrame({"id": ["a", "b", "c"], "phone": ["12", "13", "one two"]}), contract)
    said = complaints(tally(gated.quarantined, contract), contract, 3)
    assert said == [
        "things: 2 of 3 rows: `phone` in row 1; allowed: at least 1,000. "
        f"Correct the file, or convert its unit ({MAPPING}).",
        "things: 1 of 3 rows: `phone` in row 3, which cannot be read as a whole number. Correct the file.",
    ]
