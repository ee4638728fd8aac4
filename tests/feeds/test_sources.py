"""Where each feed comes from: by what is in the inbox, and by sources.yaml."""

from pathlib import Path

import pytest

from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.feeds.sources import SourcesFile, read_sources, simulated_feeds
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.settings import Settings, SettingsError
from tests.conftest import AS_OF

CONTRACTS = load_contracts()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "inbox").mkdir()
    return tmp_path


def put(home: Path, feed: str) -> None:
    (home / "inbox" / feed).mkdir(exist_ok=True)
    (home / "inbox" / feed / "a.csv").write_text("x\n1\n", encoding="utf-8")


def sources(home: Path, text: str | None = None) -> dict[str, str]:
    if text is not None:
        (home / "sources.yaml").write_text(text, encoding="utf-8")
    lake = Lake(Settings(home=home, as_of=AS_OF), AS_OF)
    return {feed: lake.source(feed) for feed in lake.contracts}


def test_an_empty_inbox_is_the_demonstration(home: Path) -> None:
    assert sources(home) == {feed: "simulator" if feed in simulated_feeds() else "absent" for feed in CONTRACTS}


def test_from_the_first_file_on_only_what_is_provided_exists(home: Path) -> None:
    put(home, "towers")
    assert sources(home) == dict.fromkeys(CONTRACTS, "absent") | {"towers": "inbox"}


def test_a_file_that_waits_in_no_feeds_folder_changes_nothing(home: Path) -> None:
    (home / "inbox/notes.txt").write_text("x", encoding="utf-8")
    assert set(sources(home).values()) == {"simulator"}


def test_a_simulated_feed_beside_real_ones_is_asked_for_by_name(home: Path) -> None:
    put(home, "towers")
    found = sources(home, "feeds: {telemetry: simulator}")
    assert found == dict.fromkeys(CONTRACTS, "absent") | {"towers": "inbox", "telemetry": "simulator"}


def test_a_default_holds_for_feeds_without_files(home: Path) -> None:
    put(home, "towers")
    found = sources(home, "default: simulator\nfeeds: {sites: absent}")
    assert found == dict.fromkeys(CONTRACTS, "simulator") | {"towers": "inbox", "sites": "absent"}


def test_a_named_inbox_is_not_the_demonstration(home: Path) -> None:
    assert sources(home, "feeds: {towers: inbox}") == dict.fromkeys(CONTRACTS, "absent") | {"towers": "inbox"}


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text("# to be filled in\n", encoding="utf-8")
    assert read_sources(tmp_path / "sources.yaml", CONTRACTS) == SourcesFile()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("feeds: {towres: inbox}", "towres has no contract. Did you mean towers?"),
        ("feeds: {xyz: inbox}", "xyz has no contract. Use some of sites, towers"),
        ("feeds: {towers: ftp}", "feeds.towers: Input should be 'inbox', 'simulator' or 'absent'"),
        ("feed: {towers: inbox}", "feed: Extra inputs are not permitted. It has `default:`"),
        ("default: inbox", "default: Input should be 'simulator' or 'absent'"),
        ("feeds: [towers", "is not YAML"),
        ("just text", "the file: Input should be"),
        ("feeds: {made_up: simulator}", "made_up cannot be simulated: it has no generator. Use inbox or absent."),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as error:
        read_sources(path, [*CONTRACTS, "made_up"])
    assert str(error.value).startswith(str(path))
    assert message in str(error.value)
