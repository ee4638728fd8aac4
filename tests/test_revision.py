"""The revision of the code, for every kind of git checkout. git itself gives the expected value."""

import os
import subprocess

import pytest

from sentinel_orchestration.revision import git_revision


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch, tmp_path):
    """Keeps the git configuration and variables of whoever runs the tests out of them."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("SENTINEL_GIT_REVISION", raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def _git(folder, *arguments):
    identity = ("-c", "user.name=Tester", "-c", "user.email=tester@example.org", "-c", "protocol.file.allow=always")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _commit(folder, message):
    _git(folder, "commit", "-q", "--allow-empty", "-m", message)


def _asserted(folder):
    """`git_revision` of `folder`, checked against what git says."""
    revision = git_revision(folder)
    assert revision == _git(folder, "rev-parse", "HEAD")[:12]
    return revision


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repository"
    folder.mkdir()
    _git(folder, "init", "-q", "-b", "main")
    _commit(folder, "first")
    return folder


def test_a_branch(repository):
    first = _asserted(repository)
    _commit(repository, "second")
    assert _asserted(repository) != first


def test_packed_refs(repository):
    _git(repository, "tag", "-a", "-m", "an annotated tag has a second line in packed-refs", "v1")
    _git(repository, "branch", "other/main")
    _git(repository, "checkout", "-q", "-b", "feature/x")
    _commit(repository, "second")
    _git(repository, "pack-refs", "--all")
    assert not (repository / ".git" / "refs" / "heads" / "main").exists()
    on_feature = _asserted(repository)
    _git(repository, "checkout", "-q", "main")
    assert _asserted(repository) != on_feature


def test_a_commit_after_packing_wins_over_packed_refs(repository):
    _git(repository, "pack-refs", "--all")
    packed = _asserted(repository)
    _commit(repository, "second")
    assert _asserted(repository) != packed


def test_a_detached_head(repository):
    _commit(repository, "second")
    _git(repository, "checkout", "-q", "--detach", "HEAD~1")
    _asserted(repository)


def test_a_branch_that_is_a_link_to_another(repository):
    _git(repository, "symbolic-ref", "refs/heads/alias", "refs/heads/main")
    _git(repository, "symbolic-ref", "HEAD", "refs/heads/alias")
    _asserted(repository)


@pytest.mark.parametrize("packed", [False, True])
def test_a_worktree(repository, tmp_path, packed):
    _git(repository, "worktree", "add", "-q", "-b", "beside", tmp_path / "beside")
    _commit(tmp_path / "beside", "second")
    if packed:
        _git(repository, "pack-refs", "--all")
    assert (tmp_path / "beside" / ".git").is_file()
    assert _asserted(tmp_path / "beside") != _asserted(repository)


def test_a_worktree_with_a_detached_head(repository, tmp_path):
    _git(repository, "worktree", "add", "-q", "--detach", tmp_path / "beside")
    _commit(tmp_path / "beside", "second")
    assert _asserted(tmp_path / "beside") != _asserted(repository)


def test_a_submodule(repository, tmp_path):
    outer = tmp_path / "outer"
    outer.mkdir()
    _git(outer, "init", "-q", "-b", "main")
    _git(outer, "submodule", "--quiet", "add", repository, "inner")
    _commit(outer, "first")
    assert not (outer / "inner" / ".git").read_text("utf-8").removeprefix("gitdir: ").startswith("/")
    assert _asserted(outer / "inner") == _asserted(repository)
    assert _asserted(outer) != _asserted(repository)


def test_git_is_not_needed(repository, monkeypatch):
    expected = _asserted(repository)
    monkeypatch.setenv("PATH", "")
    assert git_revision(repository) == expected


def test_variables_of_a_git_hook_do_not_mislead(repository, tmp_path, monkeypatch):
    expected = _asserted(repository)
    other = tmp_path / "other"
    other.mkdir()
    _git(other, "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    assert git_revision(repository) == expected


def test_sha256(tmp_path):
    _git(tmp_path, "init", "-q", "--object-format=sha256")
    _commit(tmp_path, "first")
    _asserted(tmp_path)


def test_unknown_without_a_repository_or_a_commit(repository, tmp_path):
    (repository / "copy").mkdir()
    assert git_revision(repository / "copy") == "unknown", "a repository above the folder does not count"
    assert git_revision(tmp_path / "missing") == "unknown"
    (tmp_path / "empty").mkdir()
    _git(tmp_path / "empty", "init", "-q")
    assert git_revision(tmp_path / "empty") == "unknown"


@pytest.mark.parametrize("content", [b"gitdir: ../nowhere", b"\xff\xfe", b"gitdir: \0", b""])
def test_unknown_where_the_git_file_is_broken(tmp_path, content):
    (tmp_path / ".git").write_bytes(content)
    assert git_revision(tmp_path) == "unknown"


def test_unknown_where_head_is_broken(repository):
    (repository / ".git" / "HEAD").write_text("ref: refs/heads/none")
    assert git_revision(repository) == "unknown"
    (repository / ".git" / "HEAD").write_text("<html>")
    assert git_revision(repository) == "unknown"


def test_the_setting_wins(repository, monkeypatch):
    monkeypatch.setenv("SENTINEL_GIT_REVISION", "0a" * 20)
    assert git_revision(repository) == "0a" * 6
    monkeypatch.setenv("SENTINEL_GIT_REVISION", "")
    _asserted(repository)
