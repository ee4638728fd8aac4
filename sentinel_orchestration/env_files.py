"""Variables from `.env` and `.env.local`, for everything in this process and what it starts."""

import os
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values, load_dotenv
from dotenv.parser import parse_stream

SHARED, LOCAL = ".env", ".env.local"
SWITCH = "PYTHON_DOTENV_DISABLED"  # python-dotenv's own
ON = {"1", "true", "t", "yes", "y"}


class EnvFileError(ValueError):
    """A file of variables that cannot be used; the message names the file, the line and the fix."""


def load_env_files(folder: Path) -> None:
    """Sets the variables that `.env` and `.env.local` in `folder` name. The latter wins, and over both the environment.

    Raises EnvFileError for a file that cannot be used.
    """
    for name in (LOCAL, SHARED):
        load_dotenv(stream=StringIO(_content(folder / name)))


def forget_env(folder: Path) -> None:
    """Unsets what `.env` has set: Dagster's own commands read it, of the folder they start in, and know no `.env.local`."""
    for name, value in dotenv_values(stream=StringIO(_content(folder / SHARED))).items():
        if os.environ.get(name) == value:
            del os.environ[name]


def origin(folder: Path, name: str) -> Path | None:
    """The file that the variable `name` has its value from; None if that is the environment."""
    for path in (folder / LOCAL, folder / SHARED):
        value = dotenv_values(stream=StringIO(_content(path))).get(name)
        if value is not None and value == os.environ.get(name):
            return path
    return None


def _content(path: Path) -> str:
    """The text of a file, empty if there is none. Raises EnvFileError for one with a line that is not NAME=value."""
    if os.environ.get(SWITCH, "").lower() in ON:
        return ""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise EnvFileError(f"{path}: {error.strerror}. Make it a file that you may read, or remove it.") from error
    except UnicodeDecodeError as error:
        raise EnvFileError(f"{path} is not UTF-8 text. Save it as such.") from error
    broken = next(_broken_lines(text), None)
    if broken:
        raise EnvFileError(f"{path}: line {broken} is not NAME=value. Fix it, or begin it with #.")
    return text


def _broken_lines(text: str) -> Iterator[int]:
    """The number of each line that python-dotenv would leave out, and of those that no variable can hold."""
    for binding in parse_stream(StringIO(text)):
        written = binding.original.string
        if binding.error or (binding.key and binding.value is None) or "\0" in written:
            yield binding.original.line + written[: -len(written.lstrip())].count("\n")
