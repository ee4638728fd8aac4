"""The map proposed for a file can be read as it is, makes the file fit, and asks where it cannot know."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.contracts.mapping import NO_MAP, FeedMap
from sentinel_orchestration.contracts.mapping_file import parse_file
from sentinel_orchestration.lake.proposal import propose
from sentinel_orchestration.lake.shape import check_shape

CONTRACTS = load_contracts()
Rows = dict[str, pl.DataFrame]
Propose = Callable[..., str | None]
NAMES = {
    "tower_id": "asset", "ts": "time", "cpu_pct": "cpu", "mem_pct": "memory", "sensor_health_score": "health",
    "comms_uptime_min": "uptime", "power_watts": "watts", "ambient_temp_c": "temp_f",
}  # fmt: skip


@pytest.fixture
def propose_for(tmp_path: Path) -> Propose:
    """What is proposed for a frame, as the kind of file its name says."""

    def run(feed: str, rows: pl.DataFrame, name: str = "june.csv", feed_map: FeedMap = NO_MAP) -> str | None:
        path = tmp_path / name
        {".csv": rows.write_csv, ".parquet": rows.write_parquet}[path.suffix](path)
        return propose(path, CONTRACTS[feed], feed_map, 200)

    return run


def read(text: str | None, feed: str) -> FeedMap:
    assert text is not None
    return parse_file(text, f"mappings/{feed}.yaml", CONTRACTS[feed])


@pytest.mark.parametrize("feed", sorted(CONTRACTS))
@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_nothing_is_proposed_for_a_file_that_fits(feed: str, name: str, propose_for: Propose, fleet_rows: Rows) -> None:
    assert propose_for(feed, fleet_rows[feed], name) is None


@pytest.mark.parametrize("name", ["june.csv", "june.parquet"])
def test_names_are_found_and_questions_asked(name: str, propose_for: Propose, fleet_rows: Rows) -> None:
    rows = fleet_rows["telemetry"].with_columns(pl.col("ambient_temp_c") * 9 / 5 + 132).rename(NAMES)
    text = propose_for("telemetry", rows, name)
    found = read(text, "telemetry")
    assert {column: how.physical_name for column, how in found.columns.items()} == NAMES
    assert text is not None
    assert f"Proposed from {name}" in text
    assert "# timeZone: America/Denver   # Its times have no offset, and count as UTC. In which zone were they" in text
    assert "# factor: 1   # The contract's unit is °C. 100% of the values are not -90 to 70. From another one: " in text
    answered = (
        text.replace("# timeZone", "timeZone")
        .replace("    # factor: 1", "    factor: 5/9")
        .replace("# offset", "offset")
    )
    assert read(answered, "telemetry").columns["ts"].time_zone == "America/Denver"
    assert check_shape(dict(rows.schema), CONTRACTS["telemetry"], "a", found) == []


def test_times_with_an_offset_leave_no_question(propose_for: Propose, fleet_rows: Rows) -> None:
    rows = fleet_rows["telemetry"].with_columns(pl.col("ts").dt.replace_time_zone("UTC")).rename({"ts": "time"})
    for name in ("a.csv", "a.parquet"):
        text = propose_for("telemetry", rows, name)
        assert read(text, "telemetry").columns["ts"].physical_name == "time"
        assert "timeZone" not in (text or "")


def test_spellings_are_mapped_and_what_means_nothing_is_asked(propose_for: Propose, fleet_rows: Rows) -> None:
    rows = fleet_rows["detections"].with_columns(
        pl.when(pl.int_range(pl.len()) < 9).then(pl.lit("3")).otherwise(pl.col("target_class").str.to_uppercase())
        .alias("target_class")
    )  # fmt: skip
    text = propose_for("detections", rows)
    assert read(text, "detections").columns["target_class"].values == {
        value.upper(): value for value in rows.with_columns(fleet_rows["detections"]["target_class"].alias("t"))
        .filter(pl.col("target_class") != "3")["t"].unique() if value != "UAS"
    }  # fmt: skip
    assert '# "3": ?   # one of human, vehicle, UAS, unknown' in (text or "")


def test_a_few_bad_rows_are_no_reason_for_a_map(propose_for: Propose, fleet_rows: Rows) -> None:
    rows = fleet_rows["telemetry"]
    odd = rows.with_columns(cpu_pct=pl.when(pl.int_range(pl.len()) == 0).then(900.0).otherwise("cpu_pct"))
    assert propose_for("telemetry", odd) is None


def test_what_is_not_found_is_a_question_that_names_what_is_left(propose_for: Propose, fleet_rows: Rows) -> None:
    rows = fleet_rows["incidents"].drop("root_cause", "severity").with_columns(zzz=pl.lit("q"), yyy=pl.lit("r"))
    text = propose_for("incidents", rows)
    assert "#   physicalName: ?   # Not found. The file also has: zzz, yyy. The same in all rows: constant: null." in (
        text or ""
    )
    assert "#   physicalName: ?   # Not found. The file also has: zzz, yyy. The same in all rows: constant: text." in (
        text or ""
    )
    assert read(text, "incidents").text == ""


def test_what_the_map_says_already_is_not_said_again(propose_for: Propose, fleet_rows: Rows) -> None:
    feed_map = parse_file("columns: { tower_id: { physicalName: asset } }", "m", CONTRACTS["telemetry"])
    rows = fleet_rows["telemetry"].rename({"tower_id": "asset", "mem_pct": "memory"})
    found = read(propose_for("telemetry", rows, feed_map=feed_map), "telemetry")
    assert {column: how.physical_name for column, how in found.columns.items()} == {"mem_pct": "memory"}


def test_a_file_that_cannot_be_read_gets_no_map(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"nonsense")
    assert propose(path, CONTRACTS["sites"], NO_MAP, 200) is None


def test_a_file_without_rows_gets_its_names_mapped(propose_for: Propose, fleet_rows: Rows) -> None:
    rows = fleet_rows["sites"].clear().rename({"site_id": "site", "lng": "longitude"})
    found = read(propose_for("sites", rows), "sites")
    assert {name: how.physical_name for name, how in found.columns.items()} == {"site_id": "site", "lng": "longitude"}


ODD = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)


@settings(max_examples=30)
@given(st.lists(ODD, min_size=8, max_size=10, unique=True), ODD)
def test_whatever_columns_are_called_the_proposal_is_a_map(names: list[str], value: str) -> None:
    """Names and values with quotes, line ends, colons, emoji: nothing of it may leave its line or its quotes."""
    from sentinel_orchestration.lake import proposal

    rows = pl.DataFrame({name: [value, value] for name in names})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proposal, "read_chunks", lambda *_: iter([rows]))
        text = propose(Path(f"{value}.csv"), CONTRACTS["towers"], NO_MAP, 200)
    for how in read(text, "towers").columns.values():
        assert set(how.sources("")) <= {*names, ""}
        assert set(how.values) <= {value}
