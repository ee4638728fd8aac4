"""What may be said of a failed step outside of Dagster's own log: which error, and in our words, without what was in a row."""

import re
from dataclasses import dataclass

import dagster as dg

OURS = re.compile(r"^sentinel_orchestration\.[\w.]+: ")  # how Dagster keeps the message of an error of ours
QUOTED = re.compile(r"""(?<!\w)'[^']*'(?!\w)|"[^"]*\"""")
SENTENCE_END = re.compile(r"[.:] |\n")


@dataclass(frozen=True)
class Failure:
    """The class of the error, and of its message the first sentence; none where others wrote it, who may quote a row."""

    kind: str
    message: str = ""

    @classmethod
    def of(cls, event: dg.DagsterEvent) -> "Failure":
        """The failure behind a STEP_FAILURE."""
        data = event.step_failure_data
        error = data.error.cause or data.error if data.error else None
        if data.user_failure_data:  # dbt's begins with the name of what failed
            return cls("Failure", first_sentence(data.user_failure_data.description or ""))
        if error is None:
            return cls("unknown")
        ours = OURS.match(error.message)
        return cls(error.cls_name or "unknown", first_sentence(error.message[ours.end() :]) if ours else "")

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}" if self.message else self.kind


def first_sentence(text: str) -> str:
    """The start of a message, which says what happened; what follows names rows, files and fixes."""
    return masked(SENTENCE_END.split(text.strip(), maxsplit=1)[0].rstrip("."))


def masked(text: str) -> str:
    """`text` without what is in quotes, where messages repeat values."""
    return QUOTED.sub("'…'", text)
