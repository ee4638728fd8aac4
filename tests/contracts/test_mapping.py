"""A map says how files fit a contract; one that cannot be used is refused with the file, the column, the rule and the fix."""

import re
from contextlib import suppress
from pathlib import Path
from zoneinfo import available_timezones

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.contracts.mapping import NO_MAP, ColumnMap, FeedMap, parse_map
from sentinel_orchestration.contracts.mapping_file import (
    NOT_A_PLACE,
    MappingError,
    parse_file,
    read_map,
    refuse_stray_maps,
)

CONTRACTS = load_contracts()
NAME = "mappings/telemetry.yaml"
WHOLE = """
columns:
  tower_id:       { join: [site, unit], separator: "/" }
  ts:             { physicalName: time, timeZone: America/Denver, ambiguous: earliest }
  ambient_temp_c: { physicalName: temp_f, factor: 5/9, offset: -160/9 }
  cpu_pct:        { values: { "-999": null } }
  power_watts:    { constant: 120 }
"""


def mapped(columns: str, feed: str = "telemetry") -> FeedMap:
    return parse_file(f"columns: {columns}", f"mappings/{feed}.yaml", CONTRACTS[feed])


def test_every_setting_is_read() -> None:
    found = parse_file(WHOLE, NAME, CONTRACTS["telemetry"])
    assert found.columns["tower_id"].sources("tower_id") == ("site", "unit")
    assert (found.columns["ts"].time_zone, found.columns["ts"].ambiguous) == ("America/Denver", "earliest")
    assert (found.columns["ambient_temp_c"].factor, found.columns["ambient_temp_c"].offset) == (5 / 9, -160 / 9)
    assert found.columns["cpu_pct"].values == {"-999": None}
    assert found.columns["power_watts"].constant == "120"
    assert {name: how.in_words() for name, how in found.columns.items()} == {
        "tower_id": "site / unit",
        "ts": "time, in America/Denver",
        "ambient_temp_c": "temp_f × 0.555556 − 17.7778",
        "cpu_pct": "-999 → null",
        "power_watts": "constant 120",
    }


def test_a_long_list_of_values_is_cut_for_people() -> None:
    how = ColumnMap(values={str(number): "active" for number in range(8)})
    assert how.in_words().endswith("4 → active, 3 more values")


def test_the_text_of_a_map_depends_on_what_it_says_alone() -> None:
    found = parse_file(WHOLE, NAME, CONTRACTS["telemetry"])
    lines = WHOLE.strip().splitlines()
    reordered = "\n".join([lines[0], "# a comment", *reversed(lines[1:])]).replace("5/9", "0.5555555555555556")
    assert parse_file(reordered, NAME, CONTRACTS["telemetry"]).text == found.text
    assert parse_map(found.text) == found
    assert parse_map(found.text).text == found.text


def test_a_constant_of_null_is_not_the_same_as_no_constant() -> None:
    found = mapped("{ root_cause: { constant: null } }", "incidents")
    assert parse_map(found.text).columns["root_cause"].has_constant
    assert not parse_map(mapped("{ ts: { physicalName: t } }").text).columns["ts"].has_constant


def test_another_map_makes_another_batch_of_the_same_content() -> None:
    one, other = mapped("{ ts: { timeZone: UTC } }"), mapped("{ ts: { timeZone: Asia/Tokyo } }")
    ids = {found.digest("ab" * 32) for found in (NO_MAP, one, other)}
    assert len(ids) == 3
    assert NO_MAP.digest("ab" * 32) == "ab" * 32
    assert {len(digest) for digest in ids} == {64}


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "columns:\n", "columns: {}\n"])
def test_a_file_that_says_nothing_is_no_map(text: str) -> None:
    assert parse_file(text, NAME, CONTRACTS["telemetry"]).text == ""


def test_no_file_is_no_map(tmp_path: Path) -> None:
    assert read_map(tmp_path / "mappings", CONTRACTS["telemetry"]) == NO_MAP


@pytest.mark.parametrize("key", ["yes", "01", "1_000", "2026-01-31", "0x10", "1:30", "on", "1.0"])
def test_values_mean_what_a_file_of_rows_would_mean(key: str) -> None:
    """YAML 1.1 reads these as true, 1, 1000, a date, 16, 90, true and a float."""
    found = mapped(f"{{ status: {{ values: {{ {key}: active }} }} }}", "towers")
    assert found.columns["status"].values == {key: "active"}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("{ tower: { physicalName: asset } }", "columns.tower: telemetry has no such column. Did you mean tower_id?"),
        ("{ zzz: { physicalName: a } }", "columns.zzz: telemetry has no such column. Use one of ambient_temp_c, comms_"),
        ("{ ts: { timezone: UTC } }", "columns.ts.timezone: there is no such setting. Did you mean timeZone?"),
        ("{ ts: { timeZone: america/denver } }", "timeZone america/denver is not in the IANA database. Did you mean Ame"),
        ("{ ts: { timeZone: Mars } }", "timeZone Mars is not in the IANA database. Use a name such as America/Denver"),
        ("{ ts: { timeZone: localtime } }", "timeZone localtime is not in the IANA database."),
        ("{ cpu_pct: { timeZone: UTC } }", "columns.cpu_pct: timeZone is for a timestamp, and the column is a number. Rem"),
        ("{ ts: { ambiguous: latest } }", "columns.ts: ambiguous says what a local time means, and there is no timeZone."),
        ("{ tower_id: { join: site, separator: x } }", "columns.tower_id.join: must be a list such as [site, unit]."),
        ("{ ts: { timeZone: UTC, ambiguous: x } }", "columns.ts.ambiguous: Input should be 'earliest', 'latest' or 'quar"),
        ("{ ts: { factor: 2 } }", "columns.ts: factor and offset are for numbers, and the column is a timestamp. Remove"),
        ("{ cpu_pct: { factor: 0 } }", "columns.cpu_pct: factor 0 makes all values the same. Use a factor other than 0."),
        ("{ cpu_pct: { factor: a } }", "columns.cpu_pct.factor: must be a number or a fraction such as 5/9. It says 'a'"),
        ("{ cpu_pct: { factor: 1/0 } }", "columns.cpu_pct.factor: must be a number or a fraction such as 5/9."),
        ("{ cpu_pct: { offset: .inf } }", "columns.cpu_pct.offset: must be a number or a fraction such as 5/9."),
        ("{ cpu_pct: { offset: } }", "columns.cpu_pct.offset: must be a number or a fraction such as 5/9."),
        ("{ cpu_pct: }", "columns.cpu_pct: must hold settings such as physicalName: name_in_the_file. It says 'None'."),
        ("{ cpu_pct: {} }", "columns.cpu_pct: says nothing. Remove it, or add one of physicalName, join, separator,"),
        ("[a]", "columns: must hold entries such as name: value. It says \"['a']\". Correct it."),
        ("{ cpu_pct: { physicalName: } }", "columns.cpu_pct.physicalName: must be text. It says 'None'."),
        ("{ ts: { physicalName: a, join: [b, c], separator: x } }", "has join and physicalName, but a column comes from "),
        ("{ tower_id: { join: [b, c] } }", "columns.tower_id: join and separator belong together, so that no two keys be"),
        ("{ tower_id: { separator: x } }", "columns.tower_id: join and separator belong together"),
        ("{ tower_id: { join: [b], separator: x } }", "columns.tower_id.join: has too few entries. It says"),
        ('{ tower_id: { join: [b, c], separator: "" } }', "columns.tower_id.separator: may not be empty."),
        ("{ cpu_pct: { join: [b, c], separator: x } }", "columns.cpu_pct: join makes text or a time, and the column is a"),
        ("{ ts: { constant: null } }", "columns.ts: constant null, but the column is required. Give a value."),
        ("{ ts: { constant: soon } }", "columns.ts: constant soon: is not a time. Write it like 2026-01-31T13:00:00Z."),
        ("{ cpu_pct: { constant: x } }", "columns.cpu_pct: constant x: is not a number. Write one."),
        ("{ cpu_pct: { constant: 5, factor: 2 } }", "columns.cpu_pct: a constant is written as the contract wants it, wi"),
        ("{ ts: { values: { a: b } } }", "columns.ts: values are for text, numbers and booleans, and the column is a times"),
        ("{ cpu_pct: { values: { a: b } } }", "columns.cpu_pct: values.a: b: is not a number. Write one."),
        ("{ cpu_pct: { values: {} } }", "columns.cpu_pct.values: has too few entries."),
        ("{ ts: { physicalName: a }, ts: { physicalName: b } }", "line 1: not YAML: ts is there twice. Correct it."),
        ("{ a: [", "line 1: not YAML:"),
    ],
)  # fmt: skip
def test_a_map_that_cannot_be_used_is_refused(columns: str, message: str) -> None:
    with pytest.raises(MappingError, match=rf"^mappings/telemetry\.yaml: .*{re.escape(message)}"):
        mapped(columns)


@pytest.mark.parametrize(
    ("feed", "columns", "message"),
    [
        ("towers", "{ status: { values: { '1': aktive } } }", "values.1: aktive: is not among the allowed values. Did you mean"),
        ("towers", "{ status: { constant: on } }", "constant on: is not among the allowed values. Use one of active, decom"),
        ("towers", "{ deploy_date: { constant: 2026-02-30 } }", "constant 2026-02-30: is not a date. Write it like 2026-01-31."),
        ("detections", "{ false_positive: { values: { y: ja } } }", "values.y: ja: is neither true nor false. Write one of"),
        ("inventory", "{ on_hand: { constant: 1.5 } }", "constant 1.5: is not a whole number. Write one."),
    ],
)  # fmt: skip
def test_what_a_column_may_not_hold_is_refused(feed: str, columns: str, message: str) -> None:
    with pytest.raises(MappingError, match=rf"^mappings/{feed}\.yaml: columns\..*{re.escape(message)}"):
        mapped(columns, feed)


def test_a_setting_beside_columns_is_refused() -> None:
    with pytest.raises(MappingError, match=r"colums: there is no such setting\. Did you mean columns\?"):
        parse_file("colums: {}", NAME, CONTRACTS["telemetry"])
    with pytest.raises(MappingError, match="the file: must begin with columns:"):
        parse_file("- a", NAME, CONTRACTS["telemetry"])


def test_every_mistake_has_a_line_of_its_own() -> None:
    with pytest.raises(MappingError) as error:
        mapped("{ tower: { physicalName: a }, cpu_pct: { factor: 0 }, ts: { timeZone: Mars } }")
    assert [line.split(":")[1].strip() for line in str(error.value).splitlines()] == [
        "columns.tower",
        "columns.cpu_pct",
        "columns.ts",
    ]


def test_bytes_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    (tmp_path / "telemetry.yaml").write_bytes(b"columns: {\xff}")
    with pytest.raises(MappingError, match=r"telemetry\.yaml: is not UTF-8"):
        read_map(tmp_path, CONTRACTS["telemetry"])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("telemetri.yaml", r"telemetri\.yaml: no feed is called telemetri\. Did you mean telemetry\?"),
        ("telemetry.yml", r"telemetry\.yml: is not read\. Rename it to telemetry\.yaml\."),
    ],
)
def test_a_map_that_nothing_would_read_is_refused(tmp_path: Path, name: str, message: str) -> None:
    for harmless in ("telemetry.yaml", "README.md", ".towers.yaml.1.partial"):
        (tmp_path / harmless).write_text("", encoding="utf-8")
    refuse_stray_maps(tmp_path, CONTRACTS)
    (tmp_path / name).write_text("", encoding="utf-8")
    with pytest.raises(MappingError, match=message):
        refuse_stray_maps(tmp_path, CONTRACTS)


def test_polars_knows_every_zone_that_a_map_may_name() -> None:
    moment = pl.Series([0]).cast(pl.Datetime("us"))
    for zone in sorted(available_timezones() - NOT_A_PLACE):
        assert moment.dt.replace_time_zone(zone, ambiguous="null", non_existent="null").len() == 1


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_any_text_is_a_map_or_refused(text: str) -> None:
    with suppress(MappingError):
        found = parse_file(text, NAME, CONTRACTS["telemetry"])
        assert parse_map(found.text) == found
