"""Writes are whole or absent."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from sentinel_orchestration.files import (
    copy_file,
    relative_to_here,
    remove,
    replacing,
    scratch_folder,
    sweep,
    sync,
    write_text,
    write_together,
)


def test_the_target_changes_only_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "deep/part.parquet"
    write_text(target, "old")
    with replacing(target) as temporary:
        temporary.write_text("half", encoding="utf-8")
        assert target.read_text() == "old"
        assert temporary.parent == target.parent
        assert temporary.name.startswith(".")
        assert not temporary.match("*.parquet")
    assert target.read_text() == "half"
    assert list(target.parent.iterdir()) == [target]


def test_a_folder_that_is_removed_goes_at_once_and_sweep_takes_what_a_killed_process_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(folder: Path) -> None:
        raise KeyboardInterrupt

    folder = tmp_path / "folders" / "r1"
    for kill in (True, False):
        write_text(folder / "file", "whole")
        with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
            if kill:
                patch.setattr(shutil, "rmtree", killed)
            remove(folder)
        assert not folder.exists()
        assert len(list(folder.parent.iterdir())) == kill
    (folder.parent / ".r1.1.partial").mkdir()
    sweep(tmp_path)
    assert list(folder.parent.iterdir()) == []


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "part.parquet"
    write_text(target, "old")

    def fill_the_disk() -> None:
        with replacing(target) as temporary:
            temporary.write_text("half", encoding="utf-8")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fill_the_disk()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_writer_that_wrote_nothing_fails_and_keeps_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "part.parquet"
    write_text(target, "old")
    with pytest.raises(FileNotFoundError), replacing(target):
        pass
    assert target.read_text() == "old"


def test_a_reader_that_holds_the_old_file_keeps_reading_it(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_text(target, "old")
    with target.open(encoding="utf-8") as reader:
        write_text(target, "new")
        assert reader.read() == "old"
    assert target.read_text() == "new"


def test_a_copy_keeps_content_and_time(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_bytes(b"a\r\n\xe9")
    os.utime(source, (1000, 1000))
    copy_file(source, tmp_path / "b/a.csv")
    assert (tmp_path / "b/a.csv").read_bytes() == b"a\r\n\xe9"
    assert (tmp_path / "b/a.csv").stat().st_mtime == 1000


def test_sync_takes_files_and_folders(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "ü")
    sync(tmp_path / "a.txt")
    sync(tmp_path)


def test_paths_are_shown_as_typed_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert relative_to_here(tmp_path / "here/inbox") == "inbox"
    assert relative_to_here(tmp_path / "elsewhere") == str(tmp_path / "elsewhere")


def test_a_sweep_takes_what_killed_writers_left_and_nothing_else(tmp_path: Path) -> None:
    write_text(tmp_path / "a/whole.txt", "kept")
    for stale in ("a/.whole.txt.1.partial", ".other.txt.2.partial", "kept/.x.3.partial"):
        (tmp_path / stale).parent.mkdir(exist_ok=True)
        (tmp_path / stale).write_text("half")
    (tmp_path / ".current.4.partial").symlink_to("a")  # a link to a folder, as publishing writes it
    with replacing(tmp_path / "live/b.txt") as temporary:
        temporary.write_text("half")
        sweep(tmp_path, without=tmp_path / "kept")
        assert temporary.exists()
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert found == ["a/whole.txt", "kept/.x.3.partial", "live/b.txt"]
    assert not (tmp_path / ".current.4.partial").is_symlink()


def test_a_scratch_folder_is_empty_and_gone_in_the_end(tmp_path: Path) -> None:
    parent = tmp_path / "published"
    for _ in range(2):
        with scratch_folder(parent) as folder:
            assert folder.parent == parent
            assert list(folder.iterdir()) == []
            write_text(folder / "deep/a.txt", "half")
        assert list(parent.iterdir()) == []


def test_a_sweep_takes_the_scratch_folder_of_a_killed_process_and_leaves_one_in_use(tmp_path: Path) -> None:
    write_text(tmp_path / "a/.scratch.1.partial/b/half.txt", "half")
    (tmp_path / "a/.link.1.partial").symlink_to(".scratch.1.partial")
    with scratch_folder(tmp_path / "b") as folder:
        sweep(tmp_path)
        assert folder.exists()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b"]


def test_files_are_written_together_or_not_at_all(tmp_path: Path) -> None:
    old, new, blocked = tmp_path / "old.txt", tmp_path / "deep/er/new.txt", tmp_path / "old.txt/impossible.txt"
    write_text(old, "old")
    with pytest.raises(OSError, match=r"impossible|Not a directory|exists"):
        write_together({new: "new", old: "changed", blocked: ""})
    assert old.read_text() == "old"
    assert list(tmp_path.iterdir()) == [old]
    write_together({new: "new", old: "changed"})
    assert (new.read_text(), old.read_text()) == ("new", "changed")
