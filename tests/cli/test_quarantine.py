"""`sentinel quarantine`: the rejected rows of a feed, for a person and as CSV."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from sentinel_orchestration.cli.quarantine import SHOWN_ROWS, WrongQuestionError, quarantine_command
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.silver import gate_feed

Said = Callable[..., str]
FLAWED = "T\x1b[31m9"


@pytest.fixture
def rejected(lake: Lake, fleet_rows: dict[str, pl.DataFrame], monkeypatch: pytest.MonkeyPatch) -> pl.DataFrame:
    """Submits telemetry of three days in which every fifth row is too hot, one names a tower with an escape sequence, and
    one load cannot be read; gives the rows as they are in the file.
    """
    monkeypatch.setenv("SENTINEL_HOME", str(lake.settings.home))
    every = pl.int_range(pl.len())
    rows = fleet_rows["telemetry"].with_columns(
        pl.when(every % 5 == 0).then(pl.lit("101.5")).when(every == 1).then(pl.lit("12 %")).otherwise("cpu_pct").alias("cpu_pct"),
        pl.when(every == 2).then(pl.lit(FLAWED)).otherwise("tower_id").alias("tower_id"),
    )  # fmt: skip
    folder = lake.layout.inbox / "telemetry"
    folder.mkdir(parents=True)
    rows.write_csv(folder / "hot.csv")
    for feed in ("sites", "towers", "telemetry"):
        lake.receive(feed)
        gate_feed(lake, feed)
    return rows


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """What the command prints."""

    def run(feed: str, rule: str | None = None, csv: Path | None = None) -> str:
        assert quarantine_command(feed, rule, csv) == 0
        return capsys.readouterr().out

    return run


def test_it_counts_each_rule_first_and_then_shows_some_rows(rejected: pl.DataFrame, said: Said) -> None:
    hot = -(-rejected.height // 5)
    counts, _, rows = said("telemetry").partition("\n\n")
    assert [line.split()[:2] for line in counts.splitlines()[1:]] == [
        ["cpu_pct.maximum", str(hot)],
        ["cpu_pct.type", "1"],
        ["tower_id.reference", "1"],
    ]
    assert "`cpu_pct` is 101.5; allowed: 0 to 100." in counts
    heading, *lines, more = rows.splitlines()
    assert heading.split() == ["file", "row", "key", "broken"]
    assert len(lines) == SHOWN_ROWS
    assert all(line.startswith("hot.csv ") for line in lines)
    assert "cpu_pct=101.5 (maximum)" in lines[0]
    assert more == f"and {hot + 2 - SHOWN_ROWS} more rows. --csv FILE writes all of them."


def test_a_rule_may_be_chosen_and_values_cannot_reach_the_terminal(rejected: pl.DataFrame, said: Said) -> None:
    assert "cpu_pct=12 % (type)" in said("telemetry", "cpu_pct.type")
    shown = said("telemetry", "tower_id.reference").partition("\n\n")[2]
    assert shown.splitlines()[1].split()[:2] == ["hot.csv", "3"]
    assert "\\x1b[31m9" in shown
    assert "\x1b" not in shown


def test_csv_holds_every_row_with_where_it_came_from(rejected: pl.DataFrame, said: Said, tmp_path: Path) -> None:
    csv = tmp_path / "out" / "bad.csv"
    assert "Rows written to" in said("telemetry", csv=csv)
    found = pl.read_csv(csv, infer_schema=False)
    numbers = found["_row"].cast(pl.Int64) - 1
    assert found["_source_file"].unique().to_list() == ["hot.csv"]
    assert set(numbers) == {number for number in range(rejected.height) if number % 5 == 0 or number in (1, 2)}
    assert found["ts"].str.to_datetime().to_list() == rejected["ts"].gather(numbers).to_list()
    assert list(csv.parent.iterdir()) == [csv]
    said("telemetry", "cpu_pct.type", csv)
    assert pl.read_csv(csv).select("_row", "_rules").rows() == [(2, "cpu_pct.type")]


def test_nothing_in_quarantine_is_said(rejected: pl.DataFrame, said: Said) -> None:
    assert said("towers") == "Nothing of towers is in quarantine.\n"


@pytest.mark.parametrize(
    ("feed", "rule", "csv", "wrong"),
    [
        ("radar", None, None, "radar: no such feed. Use one of"),
        ("telemetry", "ts.future", None, "--rule ts.future: no row of telemetry in quarantine breaks it. Use one of cpu_pct"),
        ("telemetry", None, Path("/dev/null"), "--csv /dev/null: is there and is not a file."),
    ],
)  # fmt: skip
def test_a_question_without_an_answer_names_what_there_is(
    rejected: pl.DataFrame, feed: str, rule: str | None, csv: Path | None, wrong: str
) -> None:
    with pytest.raises(WrongQuestionError) as refused:
        quarantine_command(feed, rule, csv)
    assert str(refused.value).startswith(wrong)


def test_superseded_rows_are_counted_and_shown_only_when_asked_for(
    lake: Lake, fleet_rows: dict[str, pl.DataFrame], said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTINEL_HOME", str(lake.settings.home))
    folder = lake.layout.inbox / "sites"
    folder.mkdir(parents=True)
    again = fleet_rows["sites"].with_columns(region=pl.lit("moved"))
    pl.concat([fleet_rows["sites"], again]).write_parquet(folder / "sites.parquet")
    lake.receive("sites")
    gate_feed(lake, "sites")
    shown = said("sites")
    assert "key.superseded" in shown
    assert "Nothing to do." in shown
    assert "sites.parquet" not in shown
    assert said("sites", "key.superseded").count("sites.parquet") == again.height
