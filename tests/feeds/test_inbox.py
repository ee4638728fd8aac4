"""Finding, naming and placing the files that people submit."""

import os
from pathlib import Path

import polars as pl
import pytest

from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.feeds.inbox import inbox_files, stray_files
from sentinel_orchestration.feeds.openable import BatchRefusedError
from sentinel_orchestration.feeds.simulator import EVENT_FEEDS, SNAPSHOT_FEEDS
from sentinel_orchestration.feeds.submission import expand, feed_of, place

CONTRACTS = load_contracts()


def touch(path: Path, text: str = "a\n1\n", modified: int | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    if modified is not None:
        os.utime(path, (modified, modified))
    return path


def test_inbox_files_of_a_feed(tmp_path: Path) -> None:
    files = [touch(tmp_path / "sites/a.csv", modified=2000), touch(tmp_path / "sites/sub/b.csv", modified=1000)]
    touch(tmp_path / "towers/c.csv")
    assert inbox_files(tmp_path, "sites") == files
    assert inbox_files(tmp_path, "telemetry") == []


def test_files_in_no_feeds_folder_are_stray(tmp_path: Path) -> None:
    touch(tmp_path / "sites/a.csv")
    touch(tmp_path / ".gitkeep")
    loose, misspelt = touch(tmp_path / "telemetry.csv"), touch(tmp_path / "telemetri/a.csv")
    assert stray_files(tmp_path, CONTRACTS) == [misspelt, loose]
    assert stray_files(tmp_path / "absent", CONTRACTS) == []


@pytest.mark.parametrize(
    "name", [".gitkeep", ".a.csv.123.partial", "_SUCCESS", "_temporary/0/a.csv", ".ipynb_checkpoints/a.csv", "._a.csv"]
)
def test_hidden_and_unfinished_files_are_left_out(tmp_path: Path, name: str) -> None:
    wanted = touch(tmp_path / "sites/out.csv/part-0.csv")
    touch(tmp_path / "sites/out.csv" / name)
    assert inbox_files(tmp_path, "sites") == [wanted]
    assert expand(tmp_path / "sites") == [wanted]


def test_a_hidden_folder_above_the_inbox_does_not_matter(tmp_path: Path) -> None:
    wanted = touch(tmp_path / "_work/.home/inbox/sites/a.csv")
    assert inbox_files(tmp_path / "_work/.home/inbox", "sites") == [wanted]


def test_a_folder_stands_for_its_readable_files(tmp_path: Path) -> None:
    wanted = [touch(tmp_path / name) for name in ("a.csv", "b.JSONL", "deep/c.parquet")]
    touch(tmp_path / "notes.txt")
    assert expand(tmp_path) == wanted
    assert expand(tmp_path / "notes.txt") == [tmp_path / "notes.txt"]


def test_a_path_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BatchRefusedError, match=r"no such file or folder. Check the path"):
        expand(tmp_path / "absent")
    with pytest.raises(BatchRefusedError, match=r"the folder has no \.parquet"):
        expand(tmp_path)


@pytest.mark.parametrize(
    ("name", "feed"),
    [
        ("telemetry.csv", "telemetry"),
        ("Telemetry_2026-01.csv", "telemetry"),
        ("alert_pipeline-7.csv", "alert_pipeline"),
        ("detections.2026.csv", "detections"),
        ("sites/export.csv", "sites"),
    ],
)
def test_the_name_or_folder_says_which_feed_it_is(tmp_path: Path, name: str, feed: str) -> None:
    assert feed_of(touch(tmp_path / name), CONTRACTS) == feed


@pytest.mark.parametrize("feed", [*EVENT_FEEDS, *SNAPSHOT_FEEDS])
def test_columns_say_which_feed_it_is(tmp_path: Path, feed: str, fleet_rows: dict[str, pl.DataFrame]) -> None:
    path = tmp_path / "export.parquet"
    fleet_rows[feed].head(1).with_columns(extra=pl.lit(1)).write_parquet(path)
    assert feed_of(path, CONTRACTS) == feed


def test_a_file_of_no_feed_is_refused_with_the_choices(tmp_path: Path) -> None:
    with pytest.raises(BatchRefusedError, match=r"export\.csv: its name, .* which feed .*--feed with one of .*sites"):
        feed_of(touch(tmp_path / "export.csv"), CONTRACTS)


def test_placing_never_replaces_another_file(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    first = place(touch(tmp_path / "x/sites.csv", "one"), inbox, "sites")
    second = place(touch(tmp_path / "y/sites.csv", "two"), inbox, "sites")
    assert first == inbox / "sites/sites.csv"
    assert second != first
    assert [first.read_text(), second.read_text()] == ["one", "two"]
    assert second.suffix == ".csv"


def test_placing_again_changes_nothing(tmp_path: Path) -> None:
    inbox, source = tmp_path / "inbox", touch(tmp_path / "sites.csv", "one", modified=1000)
    other = touch(tmp_path / "y/sites.csv", "two")
    for _ in range(3):
        kept = place(source, inbox, "sites")
        place(other, inbox, "sites")
        assert place(kept, inbox, "sites") == kept
    assert len(list((inbox / "sites").iterdir())) == 2
    assert kept.stat().st_mtime == 1000
