"""The file slos.yaml: what the pipeline promises, and what of its work is unusual."""

from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sentinel_orchestration.observe.history import Row

SHIPPED = Path(__file__).parent / "slos.yaml"
LIMITS = {  # what a limit of an SLO is about → its name, and whether there has to be one
    "freshness": ("limit_hours", False),
    "quarantine": ("limit_share", False),
    "run_duration": ("limit_sec", True),
    "step_duration": ("limit_sec", True),
    "detection": ("limit_sec", True),
    "alert": ("limit_sec", True),
}


class ObjectivesError(ValueError):
    """A slos.yaml that cannot be used; the message names the file, the entry, the rule and the fix."""


class Slo(BaseModel):
    """A promise: `objective` is the least share (0–1) of events that are good, over `window_days`.

    What `measures` may name, and when an event of it is good, is in slos.sql (`indicators`). A limit takes the place of that.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    description: str = Field(min_length=1)
    measures: Literal["freshness", "quarantine", "success", "run_duration", "step_duration", "detection", "alert"]
    of: str = "*"
    limit_hours: float | None = Field(None, gt=0)
    limit_sec: float | None = Field(None, gt=0)
    limit_share: float | None = Field(None, ge=0, lt=1)
    objective: float = Field(gt=0, lt=1)
    window_days: int = Field(28, ge=3, le=366)
    min_events: int = Field(1, ge=1)
    severity: Literal["warn", "error"] = "error"
    owner: str | None = None

    @model_validator(mode="after")
    def _limit_fits(self) -> Self:
        name, is_needed = LIMITS.get(self.measures, ("", False))
        given = [limit for limit in ("limit_hours", "limit_sec", "limit_share") if getattr(self, limit) is not None]
        if is_needed and name not in given:
            raise ValueError(f"{self.measures} needs a {name}. Add it.")
        if wrong := [limit for limit in given if limit != name]:
            raise ValueError(f"{self.measures} has no {wrong[0]}. {f'Use {name}, or remove' if name else 'Remove'} it.")
        return self

    @property
    def row(self) -> Row:
        """The row of the table `slos`."""
        limit = getattr(self, LIMITS[self.measures][0]) if self.measures in LIMITS else None
        about = (self.name, self.description, self.measures, self.of, limit, self.objective)
        return (*about, self.window_days, self.min_events, self.severity, self.owner)


class AnomalyRule(BaseModel):
    """How numbers are judged whose series fits `of`. `floor` is in units of the number."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    measures: Literal["rows", "duration", "figure"]
    of: str = "*"
    sensitivity: float = Field(3.5, gt=0)
    direction: Literal["up", "down", "both", "none"] = "both"
    min_history: int = Field(8, ge=3)
    floor: float = Field(gt=0)

    @property
    def row(self) -> Row:
        """The row of the table `anomaly_rules`, without its number."""
        return self.measures, self.of, self.sensitivity, self.direction, self.min_history, self.floor


class Objectives(BaseModel):
    """The whole file. Without entries, nothing is promised and nothing is unusual."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slos: tuple[Slo, ...] = ()
    anomalies: tuple[AnomalyRule, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [slo.name for slo in self.slos]
        twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
        if twice:
            raise ValueError(f"two SLOs are called {twice}. Rename one.")
        return self

    @property
    def tables(self) -> dict[str, list[Row]]:
        """The rows of the history's tables `slos` and `anomaly_rules`."""
        rules = [(number, *rule.row) for number, rule in enumerate(self.anomalies, start=1)]
        return {"slos": [slo.row for slo in self.slos], "anomaly_rules": rules}


def read_objectives(path: Path) -> Objectives:
    """The file at `path`, or the one that Sentinel comes with where there is none. Raises ObjectivesError."""
    place = path if path.exists() else SHIPPED
    try:
        return Objectives.model_validate(yaml.safe_load(place.read_text(encoding="utf-8")) or {})
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ObjectivesError(f"{place} is not YAML: {' '.join(str(error).split())}. Correct it.") from error
    except ValidationError as error:
        wrong = [f"{_where(e['loc'])}: {e['msg'].removeprefix('Value error, ').rstrip('.')}." for e in error.errors()]
        raise ObjectivesError(f"{place}: {' '.join(wrong)} docs/operate.md describes the file.") from error


def _where(location: tuple[int | str, ...]) -> str:
    """The entry as a person counts: slos.2.objective is the second SLO's."""
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in location) or "the file"
