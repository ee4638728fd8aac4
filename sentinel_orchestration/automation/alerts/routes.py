"""alerts.yaml: where messages go, and which. Without the file nothing is posted."""

import re
from collections.abc import Iterable, Iterator
from datetime import time
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from sentinel_orchestration.automation.alerts.kinds import KINDS, kind_of
from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.observe.incidents import PLATFORM, Incident
from sentinel_orchestration.settings import SettingsError

VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class Route(BaseModel):
    """One place that messages go to, and which. Without `owners`, `domains` or `kinds`, those of all.

    `url` names the environment variable that holds the Apprise URL (https://github.com/caronc/apprise/wiki). `severity` is the
    least. `repeat_hours` go by, after a message arrived, until the next about the same problem. `digest` is a time of day.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=60)]
    url: str
    severity: Literal["warn", "error"] = "warn"
    owners: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    repeat_hours: Annotated[float, Field(gt=0)] = 24
    digest: time | None = None

    @field_validator("url")
    @classmethod
    def _is_a_variable(cls, value: str) -> str:
        if not VARIABLE.fullmatch(value):
            raise ValueError(
                "name the environment variable that holds the URL, such as ALERTS_ONCALL_URL; the URL itself may hold a secret"
            )
        return value

    @field_validator("digest", mode="before")
    @classmethod
    def _is_a_clock(cls, value: Any) -> Any:
        if value is None or (isinstance(value, str) and CLOCK.fullmatch(value)):
            return value
        raise ValueError('write a time of day in quotes, "07:30"')  # 10:30 without quotes is a number to YAML

    def takes(self, incident: Incident) -> bool:
        """Whether messages about an incident go here. What concerns no domain concerns each."""
        return (
            (incident.severity == "error" or self.severity == "warn")
            and (not self.owners or incident.owner in self.owners)
            and (not self.domains or incident.domain is None or incident.domain in self.domains)
            and (not self.kinds or kind_of(incident) in self.kinds)
        )


class AlertsFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    routes: tuple[Route, ...]


def read_routes(path: Path) -> tuple[Route, ...]:
    """The routes of the file; none without it. Raises SettingsError that names the file, the entry, the rule and the fix."""
    try:
        file = AlertsFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}. Make it a file that you may read, or remove it.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not YAML: {' '.join(str(error).split())}. Correct it.") from error
    except ValidationError as error:
        wrong = [
            f"{_where(e['loc'])}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors(include_url=False)
        ]
        raise SettingsError(f"{path}: {'; '.join(wrong)}. alerts.example.yaml shows what each may be.") from error
    wrong = list(_unknown(file.routes))
    if wrong:
        raise SettingsError(f"{path}: {' '.join(wrong)}")
    return file.routes


def _unknown(routes: Iterable[Route]) -> Iterator[str]:
    """What to say of a name twice, and of words that no problem has: such a route would stay silent."""
    contracts = load_contracts().values()
    known = {
        "owners": {PLATFORM, *(contract.owner for contract in contracts)},
        "domains": {contract.domain for contract in contracts},
        "kinds": set(KINDS),
    }
    names = [route.name for route in routes]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"two routes are called {name}. Rename one."
    for route in routes:
        for key, words in known.items():
            for word in getattr(route, key):
                if word not in words:
                    near = get_close_matches(word, words, 1)
                    fix = f"Did you mean {near[0]}?" if near else f"Use some of {', '.join(sorted(words))}."
                    yield f"route {route.name}: {word} is none of the {key}. {fix}"


def _where(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "the file"
