"""What may be said of a failure outside of Dagster's own log: which error, where, and in our words, without what was in a row."""

import re
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import dagster as dg

OURS = re.compile(r"^sentinel_orchestration\.[\w.]+: ")  # how Dagster keeps the message of an error of ours
QUOTED = re.compile(r"""(?<!\w)'[^']*'(?!\w)|"[^"]*\"""")
FRAME = re.compile(r'File "(.+)", line (\d+), in (\S+)')
SENTENCE_END = re.compile(r"[.:] |\n")


@dataclass(frozen=True)
class Failure:
    """The class of the error, and of its message the first sentence; none where others wrote it, who may quote a row.

    `frames`: file, line and function of each call that led to it, outermost first.
    """

    kind: str
    message: str = ""
    frames: tuple[tuple[str, int, str], ...] = ()

    @classmethod
    def of(cls, event: dg.DagsterEvent) -> "Failure":
        """The failure behind a STEP_FAILURE."""
        data = event.step_failure_data
        if data.user_failure_data:  # dbt's begins with the name of what failed
            frames = cls.behind(data.error).frames
            return cls("Failure", first_sentence(data.user_failure_data.description or ""), frames)
        return cls.behind(data.error)

    @classmethod
    def behind(cls, error: Any) -> "Failure":
        """The failure behind an error as Dagster keeps it, wrapped in one of its own."""
        if error is None:
            return cls("unknown")
        error = error.cause or error
        ours = OURS.match(error.message)
        message = first_sentence(error.message[ours.end() :]) if ours else ""
        return cls(error.cls_name or "unknown", message, _frames(error.stack))

    @classmethod
    def crash(cls, error: BaseException) -> "Failure":
        """The failure behind an exception that nobody expected."""
        return cls(type(error).__name__, "", _frames(traceback.format_tb(error.__traceback__)))

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}" if self.message else self.kind


def _frames(stack: Iterable[str]) -> tuple[tuple[str, int, str], ...]:
    found = (FRAME.search(text) for text in stack)
    return tuple((match[1], int(match[2]), match[3]) for match in found if match)


def first_sentence(text: str) -> str:
    """The start of a message, which says what happened; what follows names rows, files and fixes."""
    return masked(SENTENCE_END.split(text.strip(), maxsplit=1)[0].rstrip("."))


def masked(text: str) -> str:
    """`text` without what is in quotes, where messages repeat values."""
    return QUOTED.sub("'…'", text)
