"""Settings from the environment, and the days and hours that follow from them."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.settings import (
    Settings,
    SettingsError,
    hour_of,
    load_settings,
    newest_full_hour,
    window_days,
)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"SENTINEL_{name.upper()}", raising=False)


def test_the_defaults_are_the_agreed_fleet() -> None:
    settings = load_settings()
    assert (settings.seed, settings.sites, settings.towers, settings.days) == (42, 10, 60, 60)
    assert (settings.as_of, settings.inbox_feeds) == (None, "auto")


def test_variables_set_fields_and_overrides_win(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SENTINEL_DAYS", "7")
    monkeypatch.setenv("SENTINEL_TOWERS", "9")
    monkeypatch.setenv("SENTINEL_HOME", str(tmp_path))
    settings = load_settings(towers=5, days=None)
    assert (settings.days, settings.towers) == (7, 5)
    assert settings.bronze_dir == tmp_path / "data/bronze"
    assert settings.inbox_dir == tmp_path / "inbox"


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ("sites", ("sites",)),
        (" sites, towers ,,", ("sites", "towers")),
        ("", ()),
    ],
)
def test_inbox_feeds(monkeypatch: pytest.MonkeyPatch, text: str, expected: object) -> None:
    monkeypatch.setenv("SENTINEL_INBOX_FEEDS", text)
    assert load_settings().inbox_feeds == expected


def test_inbox_feeds_choose_the_source(settings: Settings) -> None:
    (settings.inbox_dir / "sites").mkdir(parents=True)
    (settings.inbox_dir / "sites/a.csv").write_text("x\n1\n", encoding="utf-8")

    def sources(choice: object) -> list[str]:
        lake = Lake(settings.model_copy(update={"inbox_feeds": choice}), datetime(2026, 1, 1))
        return [lake.source(feed) for feed in ("sites", "towers")]

    assert sources("auto") == ["inbox", "simulator"]
    assert sources("none") == ["simulator", "simulator"]
    assert sources(("towers",)) == ["simulator", "inbox"]
    with pytest.raises(SettingsError, match="SENTINEL_INBOX_FEEDS names boats, which has no contract"):
        sources(("towers", "boats"))


def test_a_day_counts_from_its_first_full_hour() -> None:
    assert window_days(datetime(2026, 3, 2, 1), 3) == ["2026-02-28", "2026-03-01", "2026-03-02"]
    assert window_days(datetime(2026, 3, 2, 0), 3) == ["2026-02-27", "2026-02-28", "2026-03-01"]
    assert window_days(datetime(2024, 3, 1, 12), 1) == ["2024-03-01"]


def test_the_hour_of_a_moment_is_utc() -> None:
    assert hour_of(datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))) == datetime(2025, 12, 31, 23)
    assert timedelta() <= datetime.now(UTC).replace(tzinfo=None) - newest_full_hour() < timedelta(hours=1, seconds=5)
