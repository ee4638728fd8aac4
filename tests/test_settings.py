"""Settings from the environment, and the days and hours that follow from them."""

import os
import re
import sqlite3
import uuid
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_orchestration.lake.run import run_lake
from sentinel_orchestration.settings import (
    MAX_HOME_BYTES,
    PROJECT_DIR,
    READ_ELSEWHERE,
    Settings,
    SettingsError,
    hour_of,
    load_settings,
    moment_of,
    newest_full_hour,
    window_days,
)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SENTINEL_")]:
        monkeypatch.delenv(name)


def test_the_defaults_are_the_agreed_fleet() -> None:
    settings = load_settings()
    assert (settings.seed, settings.sites, settings.towers, settings.days) == (42, 10, 60, 60)
    assert settings.as_of is None


def test_variables_set_fields_and_overrides_win(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SENTINEL_DAYS", "7")
    monkeypatch.setenv("SENTINEL_TOWERS", "9")
    monkeypatch.setenv("SENTINEL_HOME", str(tmp_path))
    settings = load_settings(towers=5, days=None)
    assert (settings.days, settings.towers) == (7, 5)
    assert settings.layout.bronze == tmp_path / "data/bronze"
    assert settings.layout.inbox == tmp_path / "inbox"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DAYS", "many"),
        ("DAYS", "0"),
        ("TOWERS", "-1"),
        ("AS_OF", "yesterday"),
        ("SEED", "9223372036854775808"),
        ("SITE_PORT", "70000"),
        ("SITE_BASE_PATH", "no-slash"),
        ("SITE_BASE_PATH", "/fleet/.."),
        ("GATE_CHUNK_ROWS", "0"),
    ],
)
def test_a_wrong_value_names_its_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"SENTINEL_{name}", value)
    with pytest.raises(SettingsError, match=f"^SENTINEL_{name}='{value}': ") as caught:
        load_settings()
    assert ";" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("20261101", "Write a date or a time: 2026-11-01, 2026-11-01T12:00"),
        ("1793534400", "Write a date or a time: "),
        ("2026-W45", "Write a date or a time: "),
        ("2026-11-01T12", "Write a date or a time: "),
        ("2026-02-30", "There is no such date or time (day is out of range for month)."),
        ("2026-11-01T12:00+99:99", "There is no such date or time ("),
        ("0001-01-01", "The year must be from 2000 to 2100."),
        ("0001-01-01T00:00+05:30", "The year must be from 2000 to 2100."),
        ("9999-12-31T23:00", "The year must be from 2000 to 2100."),
        ("9999-12-31T23:00-05:00", "The year must be from 2000 to 2100."),
    ],
)
def test_as_of_is_a_plausible_iso_time(monkeypatch: pytest.MonkeyPatch, text: str, said: str) -> None:
    monkeypatch.setenv("SENTINEL_AS_OF", text)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value).startswith(f"SENTINEL_AS_OF={text!r}: {said}")
    with pytest.raises(SettingsError, match=r"^SENTINEL_AS_OF="):
        load_settings(as_of=text)


@given(st.text(max_size=30) | st.datetimes().map(str) | st.integers().map(str) | st.dates().map(str))
def test_any_text_is_a_plausible_hour_or_a_value_error(text: str) -> None:
    try:
        moment = moment_of(text)
    except ValueError:
        return
    assert 1999 <= moment.year <= 2101
    assert (moment.minute, moment.second, moment.microsecond, moment.tzinfo) == (0, 0, 0, None)


def test_a_run_tagged_with_no_time_says_so(settings: Settings) -> None:
    @dg.op
    def look(context: dg.OpExecutionContext) -> None:
        run_lake(context, settings)

    @dg.job
    def tagged() -> None:
        look()

    with pytest.raises(
        SettingsError, match=r"tag sentinel/as_of='20261101': Write a date or a time: .* Launch the run"
    ):
        tagged.execute_in_process(tags={"sentinel/as_of": "20261101"})


def test_a_base_path_is_explained_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTINEL_SITE_BASE_PATH", "fleet/")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value).startswith("SENTINEL_SITE_BASE_PATH='fleet/': Write it as /fleet or /ops/fleet: ")
    assert "(/[" not in str(caught.value)


@pytest.mark.parametrize("name", ["a?b", "a%41", "a[b]", "*"])
def test_a_home_that_reads_as_a_pattern_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(
        SettingsError, match=r"SENTINEL_HOME=.*: The path contains .*, from which databases read a pattern"
    ):
        load_settings(home=tmp_path / name)
    (tmp_path / name).mkdir()
    (tmp_path / "plain").symlink_to(tmp_path / name)
    with pytest.raises(SettingsError, match="from which databases read a pattern"):
        load_settings(home=tmp_path / "plain")


def test_a_home_too_long_for_databases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="The path has over 400 bytes, with which databases cannot work"):
        load_settings(home=tmp_path / "/".join(["n" * 60] * 10))
    with pytest.raises(SettingsError, match="The path has over 400 bytes"):
        load_settings(home=tmp_path / ("é" * 300))


def test_the_longest_home_that_is_allowed_works_in_sqlite(tmp_path: Path) -> None:
    missing = MAX_HOME_BYTES - len(str(tmp_path)) - 1
    home = tmp_path / "/".join(["n" * 60] * 6 + ["n" * 60])[:missing].rstrip("/")
    history = load_settings(home=home).layout.dagster / "history" / "runs" / f"{uuid.uuid4()}.db"
    history.parent.mkdir(parents=True)
    with closing(sqlite3.connect(history)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table t (a)")


def test_a_tilde_is_the_users_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SENTINEL_HOME", "~/fleet")
    assert load_settings().home == tmp_path / "fleet"
    monkeypatch.setenv("SENTINEL_HOME", "~nobody-of-this-name/fleet")
    with pytest.raises(SettingsError, match="There is no such user"):
        load_settings()


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(f"SENTINEL_{name.upper()}", "")
    assert load_settings() == Settings()
    assert load_settings().home == PROJECT_DIR


def test_a_misspelt_variable_is_named_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTINEL_TOWRES", "9")
    monkeypatch.setenv("SENTINEL_DAYS", "0")
    monkeypatch.setenv("SENTINEL_XYZZY", "")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    said = str(caught.value)
    assert said.startswith("SENTINEL_TOWRES is not a setting. Did you mean SENTINEL_TOWERS?; ")
    assert "SENTINEL_XYZZY is not a setting. Unset it: README lists the settings." in said
    assert "SENTINEL_DAYS='0'" in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GIT_REVISION", "0a" * 20),
        ("TEST_SITE", "data/site"),
        ("SERVICE_HOST", "10.0.0.7"),
        ("PORT", "tcp://10.0.0.7:3000"),
        ("PORT_3000_TCP_ADDR", "10.0.0.7"),
        ("UI_SERVICE_PORT_HTTP", "3000"),
    ],
)
def test_variables_of_others_are_let_be(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"SENTINEL_{name}", value)
    assert load_settings() == Settings()


def test_every_variable_that_is_documented_or_passed_on_is_known() -> None:
    files = [PROJECT_DIR / name for name in ("README.md", "Dockerfile", "docker-compose.yml", "dbt/profiles.yml")]
    named = set(re.findall(r"SENTINEL_[A-Z_]+[A-Z]", "".join(path.read_text(encoding="utf-8") for path in files)))
    known = READ_ELSEWHERE | {f"SENTINEL_{name.upper()}" for name in Settings.model_fields}
    assert named <= known


def test_every_wrong_variable_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTINEL_DAYS", "0")
    monkeypatch.setenv("SENTINEL_SITES", "few")
    with pytest.raises(SettingsError, match=r"SENTINEL_SITES='few': .*; SENTINEL_DAYS='0': "):
        load_settings()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01T05:59:59", datetime(2026, 3, 1, 5)),
        ("2026-03-01 05:00", datetime(2026, 3, 1, 5)),
        ("2026-03-01T05:30:00Z", datetime(2026, 3, 1, 5)),
        ("2026-03-01T00:30:00+05:30", datetime(2026, 2, 28, 19)),
        ("2026-03-01", datetime(2026, 3, 1)),
    ],
)
def test_as_of_is_a_full_naive_utc_hour(monkeypatch: pytest.MonkeyPatch, text: str, expected: datetime) -> None:
    monkeypatch.setenv("SENTINEL_AS_OF", text)
    assert load_settings().as_of == expected


def test_a_day_counts_from_its_first_full_hour() -> None:
    assert window_days(datetime(2026, 3, 2, 1), 3) == ["2026-02-28", "2026-03-01", "2026-03-02"]
    assert window_days(datetime(2026, 3, 2, 0), 3) == ["2026-02-27", "2026-02-28", "2026-03-01"]
    assert window_days(datetime(2024, 3, 1, 12), 1) == ["2024-03-01"]


def test_the_hour_of_a_moment_is_utc() -> None:
    assert hour_of(datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))) == datetime(2025, 12, 31, 23)
    assert timedelta() <= datetime.now(UTC).replace(tzinfo=None) - newest_full_hour() < timedelta(hours=1, seconds=5)
