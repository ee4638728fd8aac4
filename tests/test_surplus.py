"""What something takes on the disk."""

from pathlib import Path

from sentinel_orchestration.surplus import size_of


def test_a_size_is_that_of_all_files_and_of_links_themselves(tmp_path: Path) -> None:
    inner = tmp_path / "folder" / "inner"
    inner.mkdir(parents=True)
    (inner / "a").write_bytes(b"x" * 100)
    (tmp_path / "folder" / "b").write_bytes(b"x" * 10)
    assert (size_of(inner / "a"), size_of(tmp_path / "folder"), size_of(tmp_path / "gone")) == (100, 110, 0)
    link = tmp_path / "folder" / "link"
    link.symlink_to(inner)
    assert size_of(link) == len(str(inner))
    assert size_of(tmp_path / "folder") == 110 + len(str(inner))
