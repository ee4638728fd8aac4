"""docker-compose.yml, as a process of this machine sees it: its commands, variables and health checks, on ports that are free."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from sentinel_orchestration.settings import PROJECT_DIR

FILE = PROJECT_DIR / "docker-compose.yml"
VARIABLE = re.compile(r"\$\{(\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")


@dataclass(frozen=True)
class Service:
    """A service, with the variables of whoever calls `docker compose` filled in."""

    name: str
    content: Mapping[str, Any]
    given: Mapping[str, str]

    @property
    def command(self) -> list[str]:
        return list(self.content["command"])

    @property
    def health(self) -> list[str]:
        kind, *command = self.content["healthcheck"]["test"]
        assert kind == "CMD", "a shell would hide which program is asked"
        return command

    @property
    def environment(self) -> dict[str, str]:
        """Its variables; one without a value has that of the caller, or is not there."""
        written = self.content.get("environment", {})
        filled = {name: self.given.get(name) if value is None else self.fill(value) for name, value in written.items()}
        return {name: value for name, value in filled.items() if value is not None}

    def fill(self, text: str) -> str:
        """The text with each `${NAME}`, `${NAME:-default}` or `${NAME:?message}` replaced; raises KeyError for the last."""

        def value(found: re.Match[str]) -> str:
            here = self.given.get(found[1], "")
            if not here and found["kind"] == "?":
                raise KeyError(found["rest"])
            return here or (found["rest"] if found["kind"] == "-" else "")

        return VARIABLE.sub(value, text)

    @property
    def is_ours(self) -> bool:
        """Whether it is a process of Sentinel's image."""
        return "build" in self.content

    @property
    def ends(self) -> bool:
        """Whether it does something once, and ends."""
        return self.content["restart"] == "no"


@cache
def read() -> dict[str, Any]:
    """The file, its anchors followed."""
    found: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return found


def services(given: Mapping[str, str]) -> dict[str, Service]:
    """Every service, for a caller whose environment is `given`."""
    return {name: Service(name, content, given) for name, content in read()["services"].items()}


def moved(text: str, places: Mapping[str, str]) -> str:
    """A text with what is another here than in a container: addresses, ports and other words are replaced whole."""
    return re.sub(r"[\w.-]+", lambda word: places.get(word[0], word[0]), text)
