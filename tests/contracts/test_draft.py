"""The draft of a contract: the loader accepts it as it is and with its comments switched on, whatever the sample holds."""

from datetime import date, datetime
from pathlib import Path

import pytest

from sentinel_orchestration.contracts import Contract, load_contracts
from sentinel_orchestration.contracts.draft import Sample, SampleColumn, contract_text, is_name, snake_case

PROSE = ("# In the sample", "# To check this", "# Fill in the unit", "# Remove the # signs")
NASTY = (
    "",
    "# not a comment",
    "a: b",
    "yes",
    "null",
    "1",
    "'\"",
    "two\nlines",
    "\x85\u2028",
    "😀",
    "- x",
    "{",
    "%",
    "\t",
)
SAMPLE = Sample(
    file="odd\nname.csv",
    rows=1000,
    columns=(
        SampleColumn("id", "string", longest=12),
        SampleColumn("seen_at", "timestamp", lowest=datetime(2026, 3, 1), highest=datetime(2026, 3, 2, 12)),
        SampleColumn("yes", "string", missing=10, values=NASTY, longest=20),
        SampleColumn("tiny", "number", lowest=1e-12, highest=1e300),
        SampleColumn("big", "integer", lowest=-(2**63), highest=2**63 - 1),
        SampleColumn("built", "date", missing=1000),
        SampleColumn("flag", "boolean"),
    ),
    key=("seen_at", "id"),
    event_time="seen_at",
)


def load(tmp_path: Path, text: str) -> Contract:
    """The contract, through the loader."""
    path = tmp_path / "weather" / "gusts.odcs.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    load_contracts.cache_clear()
    return load_contracts(tmp_path)["gusts"]


def switched_on(text: str) -> str:
    """The draft as it is when a person removes the # signs from all that it offers."""
    lines, in_body = [], False
    for line in text.splitlines():
        in_body = in_body or line.startswith("apiVersion")
        plain = line.lstrip()
        if in_body and plain.startswith("# ") and not plain.startswith(PROSE):
            line = line.replace("# ", "", 1)
        lines.append(line)
    return "\n".join(lines)


def test_a_draft_says_what_is_certain(tmp_path: Path) -> None:
    contract = load(tmp_path, contract_text("gusts", "weather", SAMPLE))
    assert (contract.feed, contract.domain, contract.event_time) == ("gusts", "weather", "seen_at")
    assert [(column.name, column.type) for column in contract.columns] == [(c.name, c.type) for c in SAMPLE.columns]
    assert [column.name for column in contract.columns if column.is_required] == ["id", "seen_at"]
    assert set(contract.key) == {"id", "seen_at"}
    assert contract.grain == "One row per seen_at and id."
    assert not any(column.allowed or column.minimum or column.unit for column in contract.columns)
    assert contract.freshness_warn_hours is None


def test_what_it_offers_is_what_the_sample_showed(tmp_path: Path) -> None:
    contract = load(tmp_path, switched_on(contract_text("gusts", "weather", SAMPLE)))
    columns = {column.name: column for column in contract.columns}
    assert columns["yes"].allowed == NASTY
    assert (columns["tiny"].minimum, columns["tiny"].maximum) == (1e-12, 1e300)
    assert (columns["big"].minimum, columns["big"].maximum) == (-(2**63), 2**63 - 1)
    assert {name for name, column in columns.items() if column.is_required} == {"id", "seen_at", "tiny", "big", "flag"}
    assert {name for name, column in columns.items() if column.unit} == {"tiny", "big"}
    assert contract.freshness_warn_hours == 6


def test_what_was_seen_is_said_in_words() -> None:
    text = contract_text("gusts", "weather", SAMPLE)
    assert "# A draft, made from 1,000 rows of odd\\nname.csv." in text
    assert "# In the sample: 2026-03-01 00:00:00 to 2026-03-02 12:00:00, a value in each row." in text
    assert "# In the sample: 14 different values, 10 of 1,000 rows have no value." in text
    assert "# In the sample: no value at all, so that the type is a guess." in text
    assert text.count("# Fill in the unit") == 2
    assert max(map(len, text.splitlines())) <= 140


def test_a_snapshot_has_no_limits_of_freshness(tmp_path: Path) -> None:
    column = SampleColumn("built", "date", lowest=date(2020, 1, 1), highest=date(2020, 1, 1))
    text = contract_text("gusts", "weather", Sample("masts.csv", 1, (column,), ("built",), None))
    assert "freshness" not in text
    assert load(tmp_path, text).kind == "snapshot"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Tower ID", "tower_id"),
        ("cpuPct", "cpu_pct"),
        ("Wind-Speed (m/s)", "wind_speed_m_s"),
        ("__index_level_0__", "index_level_0"),
        ("2nd", "column_2nd"),
        ("Höhe", "h_he"),
        ("", "unnamed"),
        ("fine_1", "fine_1"),
    ],
)
def test_the_nearest_name(text: str, name: str) -> None:
    assert snake_case(text) == name
    assert is_name(name)
