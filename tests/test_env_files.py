"""Variables from .env and .env.local, and the example that lists them."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values

from sentinel_orchestration import definitions, settings
from sentinel_orchestration.env_files import SWITCH, EnvFileError, load_env_files
from sentinel_orchestration.settings import (
    NAMED_BY_OTHERS,
    PROJECT_DIR,
    READ_ELSEWHERE,
    Settings,
    SettingsError,
    load_settings,
)


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A project folder without files, in an environment without Sentinel's variables that is put back afterwards."""
    before = dict(os.environ)
    for name in [name for name in before if name.startswith("SENTINEL_") or name == SWITCH]:
        del os.environ[name]
    for module in (settings, definitions):
        monkeypatch.setattr(module, "PROJECT_DIR", tmp_path)
    yield tmp_path
    os.environ.clear()
    os.environ.update(before)


def test_the_environment_wins_over_env_local_over_env(folder: Path) -> None:
    (folder / ".env").write_text("SENTINEL_SITES=1\nSENTINEL_TOWERS=1\nSENTINEL_DAYS=1\nSENTINEL_SEED=1\n")
    (folder / ".env.local").write_text("SENTINEL_TOWERS=2\nexport SENTINEL_DAYS='2' # twice\nSENTINEL_SEED=2\n")
    os.environ["SENTINEL_DAYS"] = "3"
    for _ in range(2):
        loaded = load_settings(seed=4)
        assert (loaded.sites, loaded.towers, loaded.days, loaded.seed) == (1, 2, 3, 4)


def test_an_empty_variable_puts_back_the_default(folder: Path) -> None:
    (folder / ".env").write_text("SENTINEL_AS_OF=2026-11-01\nSENTINEL_DAYS=1\n")
    (folder / ".env.local").write_text("SENTINEL_DAYS=\n")
    os.environ["SENTINEL_AS_OF"] = ""
    assert (load_settings().as_of, load_settings().days) == (None, 60)


def test_what_others_read_is_set_too(folder: Path) -> None:
    (folder / ".env").write_text('FLEET_TOKEN="a b"\n', encoding="utf-8-sig")
    load_settings()
    assert os.environ["FLEET_TOKEN"] == "a b"


def test_a_wrong_or_misspelt_variable_names_its_file(folder: Path) -> None:
    (folder / ".env").write_text("SENTINEL_DAYS=0\nSENTINEL_TOWRES=9\n")
    (folder / ".env.local").write_text("SENTINEL_SITES=few\n")
    os.environ["SENTINEL_HOST"] = ""
    os.environ["SENTINEL_SEED"] = "-1"
    with pytest.raises(SettingsError) as caught:
        load_settings()
    said = str(caught.value).split("; ")
    assert said[0] == f"SENTINEL_TOWRES in {folder}/.env is not a setting. Did you mean SENTINEL_TOWERS?"
    assert said[1].startswith("SENTINEL_SEED='-1': ")
    assert said[2].startswith(f"SENTINEL_SITES='few' in {folder}/.env.local: ")
    assert said[3].startswith(f"SENTINEL_DAYS='0' in {folder}/.env: ")


def test_a_wrong_option_is_not_blamed_on_a_file(folder: Path) -> None:
    (folder / ".env").write_text("SENTINEL_DAYS=0\n")
    with pytest.raises(SettingsError, match=r"^SENTINEL_DAYS=0: "):
        load_settings(days=0)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"A=1\n\n  \nSENTINEL DAYS=7\n", 4),
        (b"SENTINEL_DAYS\n", 1),
        (b"# all is well\n=7\n", 2),
        (b"A='1\n", 1),
        (b"A=1\nB=a\0b\n", 2),
    ],
)
def test_a_line_that_is_none_is_an_error(folder: Path, content: bytes, line: int) -> None:
    (folder / ".env.local").write_bytes(content)
    with pytest.raises(
        EnvFileError, match=rf"\.env\.local: line {line} is not NAME=value\. Fix it, or begin it with #"
    ):
        load_settings()


@pytest.mark.parametrize("name", [".env", ".env.local"])
def test_a_file_that_cannot_be_read_is_an_error(folder: Path, name: str) -> None:
    (folder / name).mkdir()
    with pytest.raises(EnvFileError, match=rf"{name}: Is a directory\. Make it a file that you may read, or remove it"):
        load_settings()
    (folder / name).rmdir()
    (folder / name).write_text("A=1", encoding="utf-16")
    with pytest.raises(EnvFileError, match=rf"{name} is not UTF-8 text"):
        load_settings()


def test_a_switch_turns_the_files_off(folder: Path) -> None:
    (folder / ".env").write_text("no variable\n")
    os.environ[SWITCH] = "1"
    load_env_files(folder)


def test_env_local_wins_where_dagster_has_read_env(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".env").write_text("SENTINEL_DAYS=1\nSENTINEL_SITES=1\n")
    (folder / ".env.local").write_text("SENTINEL_DAYS=2\n")
    os.environ |= {"SENTINEL_DAYS": "1", "SENTINEL_SITES": "1", "SENTINEL_SEED": "3"}  # as Dagster leaves them
    monkeypatch.setattr(definitions, "build_definitions", load_settings)
    monkeypatch.chdir(folder)
    loaded = definitions.defs.load_fn()
    assert (loaded.days, loaded.sites, loaded.seed) == (2, 1, 3)


def test_a_command_reports_a_broken_file_in_one_line(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    program = "import sys; from pathlib import Path; from sentinel_orchestration import settings; "
    program += "settings.PROJECT_DIR = Path(sys.argv.pop()); from sentinel_orchestration.cli import app; app(['feeds'])"
    said = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True)
    assert said.returncode == 2
    assert (
        said.stderr == f"sentinel: {tmp_path}/.env: Is a directory. Make it a file that you may read, or remove it.\n"
    )


def test_the_example_has_each_variable_once_with_its_default_and_what_it_means() -> None:
    text = (PROJECT_DIR / ".env.example").read_text(encoding="utf-8")
    assert not [line for line in text.splitlines() if line and not line.startswith("#")]
    named = re.findall(r"^#([A-Z_]+)=", text, re.MULTILINE)
    fields = {f"SENTINEL_{name.upper()}" for name in Settings.model_fields}
    assert sorted(named) == sorted(fields | READ_ELSEWHERE | NAMED_BY_OTHERS)
    example = dotenv_values(stream=StringIO(re.sub(r"^#(?=[A-Z_]+=)", "", text, flags=re.MULTILINE)))
    os.environ |= {name: value or "" for name, value in example.items()}
    assert load_settings() == Settings.model_construct()
    for name, field in Settings.model_fields.items():
        meaning = re.escape(field.description or "no description")
        default = {True: "true", False: "false", None: ""}.get(field.default, str(field.default))  # type: ignore[call-overload]
        default = "" if field.default == PROJECT_DIR else default
        assert re.search(rf"^# {meaning}.*\n#SENTINEL_{name.upper()}={default}$", text, re.MULTILINE), name


def test_readme_lists_each_variable_of_the_example() -> None:
    example = (PROJECT_DIR / ".env.example").read_text(encoding="utf-8")
    readme = (PROJECT_DIR / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^#([A-Z_]+)=", example, re.MULTILINE) == re.findall(r"^\| `([A-Z_]+)` \|", readme, re.MULTILINE)


def test_git_has_the_example_and_neither_file() -> None:
    ignored = subprocess.run(
        ["git", "check-ignore", ".env", ".env.local", ".env.example"], cwd=PROJECT_DIR, capture_output=True, text=True
    )
    assert ignored.stdout.split() == [".env", ".env.local"]
