"""Every setting of Sentinel in one typed object, read from SENTINEL_* variables and the files that may set them."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from zoneinfo import available_timezones

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from sentinel_orchestration.env_files import load_env_files, origin
from sentinel_orchestration.layout import Layout

PROJECT_DIR = Path(__file__).resolve().parent.parent
PREFIX = "SENTINEL_"
READ_ELSEWHERE = {"SENTINEL_GIT_REVISION"}  # by revision.py
NAMED_BY_OTHERS = {
    "SENTRY_DSN",
    "SENTRY_ENVIRONMENT",
    "POSTGRES_PASSWORD",
}  # of resources/sentry.py, docker-compose.yml
# What the tests take, and what Kubernetes tells each container about a service named sentinel or sentinel-….
NO_SETTING = re.compile(r"SENTINEL_TEST_.+|SENTINEL(_.+)?_(SERVICE_(HOST|PORT)(_.+)?|PORT_\d+_(TCP|UDP)(_.+)?)")
SERVICE_ADDRESS = re.compile(r"(tcp|udp)://.+")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")
FIRST_YEAR, LAST_YEAR = 2000, 2100
BASE_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")
ADDRESS = re.compile(r"https?://[^\s/]\S*")
PATTERN_CHARACTERS = "?*[]%"  # DuckDB and Polars read a pattern from them, SQLite's addresses a query or an escape
MAX_HOME_BYTES = 400  # SQLite opens no path over 512, and the longest one below a home has some hundred


class SettingsError(ValueError):
    """A SENTINEL_* variable that cannot be used; the message names it, the rule and the fix."""


class Settings(BaseSettings):
    """What can be set, with its default. `SENTINEL_DAYS=7` sets `days`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore")

    home: Path = Field(PROJECT_DIR, validate_default=True, description="Folder that data/ and inbox/ are in.")
    seed: int = Field(42, ge=0, lt=2**63, description="Seed of the simulator.")
    sites: int = Field(10, ge=1, le=1000, description="Simulated sites.")
    towers: int = Field(60, ge=1, le=1_000_000, description="Simulated towers.")
    days: int = Field(60, ge=1, le=3660, description="Simulated days, the last one being that of as_of.")
    as_of: datetime | None = Field(None, description="Fixes the moment that everything 'current' is relative to, UTC.")
    first_day: date = Field(
        date(2020, 1, 1),
        ge=date(2000, 1, 1),
        le=date(2049, 12, 31),
        description="First day that Dagster has a partition for; older days are built, but not shown as partitions.",
    )
    automation: bool = Field(
        False,
        description="Whether sensors and schedules are on until somebody turns them off in the UI; off means the reverse.",
    )
    timezone: str = Field("UTC", description="Time zone of the operators (IANA), by which the nightly build starts.")
    site_base_path: str = Field("", description="Sub-path the report is served under.")
    run_hours: int = Field(
        6, ge=1, le=8760, description="Hours after which a run that has not ended is reported as a problem."
    )
    release_hours: int = Field(
        26,
        ge=1,
        le=8760,
        description="Hours after a release by which the next one is overdue; unchanged data counts as one.",
    )
    host: str = Field("127.0.0.1", description="Address that servers bind to.")
    dagster_port: int = Field(3000, ge=1, le=65535, description="Port of the Dagster webserver.")
    site_port: int = Field(3001, ge=1, le=65535, description="Port the built report is served on.")
    ui_url: str = Field("", description="Address of the Dagster webserver as people reach it, for links in alerts.")
    docs_url: str = Field("", description="Address that the folder docs/ is shown under, for links in alerts.")
    log_days: int = Field(14, ge=1, le=3660, description="Days whose log is kept, today among them.")
    keep_releases: int = Field(3, ge=2, le=1000, description="Releases that are kept, the current one among them.")
    keep_days: int = Field(
        30, ge=1, le=3660, description="Days that runs are kept after their end, and batches after they last counted."
    )
    gate_chunk_rows: int = Field(2_000_000, ge=1, description="Rows the gate holds in memory at once.")
    max_expansion: int = Field(
        200, ge=1, description="Times its size that a submitted file may take in memory; 256 MB are always allowed."
    )

    @field_validator("home")
    @classmethod
    def _usable_folder(cls, value: Path) -> Path:
        try:
            home = value.expanduser()
        except RuntimeError as error:
            raise ValueError("There is no such user. Write the whole path.") from error
        place = str(home.absolute())
        if len(os.fsencode(place)) > MAX_HOME_BYTES:
            raise ValueError(
                f"The path has over {MAX_HOME_BYTES} bytes, with which databases cannot work. Use a shorter one."
            )
        odd = [character for character in PATTERN_CHARACTERS if character in place + str(home.resolve())]
        if odd:
            raise ValueError(
                f"The path contains {' and '.join(odd)}, from which databases read a pattern. Use a folder without "
                f"any of {' '.join(PATTERN_CHARACTERS)}"
            )
        return home

    @field_validator("as_of", mode="before")
    @classmethod
    def _full_hour(cls, value: object) -> datetime | None:
        return None if value is None else moment_of(value)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("There is no such time zone. Write an IANA name: Europe/Berlin, America/Denver, UTC.")
        return value

    @field_validator("ui_url", "docs_url")
    @classmethod
    def _plain_address(cls, value: str) -> str:
        if value and not ADDRESS.fullmatch(value):
            raise ValueError("Write a whole address without spaces: https://dagster.example.com")
        return value.rstrip("/")

    @field_validator("site_base_path")
    @classmethod
    def _plain_path(cls, value: str) -> str:
        if not BASE_PATH.fullmatch(value):
            raise ValueError(
                "Write it as /fleet or /ops/fleet: a slash before each part and none at the end, and in a part letters, "
                "digits, and . _ ~ - (but no dot at its start)."
            )
        return value

    @cached_property
    def layout(self) -> Layout:
        """The folders under `home`."""
        return Layout(self.home)

    @property
    def ui_address(self) -> str:
        """Where the Dagster webserver is."""
        return self.ui_url or f"http://{self.host}:{self.dagster_port}"

    @property
    def docs_address(self) -> str:
        """Where docs/ is: an address, or the folder of the project."""
        return self.docs_url or "docs"

    @property
    def dbt_dir(self) -> Path:
        """The dbt project; code, not data."""
        return PROJECT_DIR / "dbt"

    @property
    def report_dir(self) -> Path:
        """The Evidence project; code, not data."""
        return PROJECT_DIR / "evidence_reports"


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment, .env.local and .env, with `overrides` on top (those that are not None).

    Raises SettingsError naming each variable that is wrong, or that is no setting, and EnvFileError for a file that cannot
    be used.
    """
    load_env_files(PROJECT_DIR)
    wrong = list(_misspelt())
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        settings = Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        for e in error.errors():
            field = str(e["loc"][0])
            name = f"{PREFIX}{field.upper()}"
            place = "" if field in given else _place(name)
            wrong.append(f"{name}={e['input']!r}{place}: {e['msg'].removeprefix('Value error, ')}")
        raise SettingsError("; ".join(wrong)) from error
    if wrong:
        raise SettingsError("; ".join(wrong))
    return settings


def _misspelt() -> Iterator[str]:
    """What to say of each variable that looks like a setting and is none; ignored, it would look as if it worked."""
    known = {name.removeprefix(PREFIX) for name in READ_ELSEWHERE} | {name.upper() for name in Settings.model_fields}
    for name, value in sorted(os.environ.items()):
        if not name.startswith(PREFIX) or NO_SETTING.fullmatch(name) or SERVICE_ADDRESS.fullmatch(value):
            continue
        rest = name.removeprefix(PREFIX)
        if rest not in known:
            nearest = get_close_matches(rest, known, n=1)
            fix = f"Did you mean {PREFIX}{nearest[0]}?" if nearest else "Unset it: README lists the settings."
            yield f"{name}{_place(name)} is not a setting. {fix}"


def _place(name: str) -> str:
    """Where a variable is set, if a file sets it."""
    path = origin(PROJECT_DIR, name)
    return f" in {path}" if path else ""


def moment_of(value: object) -> datetime:
    """The full hour at or before an ISO 8601 date or time (UTC, if it has no offset), as naive UTC.

    Raises ValueError for anything else, a count of seconds among them, and for years that can only be a mistake.
    """
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and MOMENT.fullmatch(value) else value
    except ValueError as error:
        raise ValueError(f"There is no such date or time ({error}).") from error
    if not isinstance(moment, datetime):
        raise ValueError(
            "Write a date or a time: 2026-11-01, 2026-11-01T12:00, 2026-11-01T12:00Z or 2026-11-01T12:00+05:30."
        )
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"The year must be from {FIRST_YEAR} to {LAST_YEAR}.")
    return hour_of(moment)


def hour_of(moment: datetime) -> datetime:
    """The full hour at or before `moment`, as naive UTC."""
    utc = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return utc.replace(minute=0, second=0, microsecond=0)


def newest_full_hour() -> datetime:
    """The current hour by the clock, naive UTC: the `as_of` of a run that was given none."""
    return hour_of(datetime.now(UTC))


def window_days(as_of: datetime, days: int) -> list[str]:
    """The `days` calendar days that end with the one holding the last hour before `as_of`, oldest first, ISO."""
    last = (as_of - timedelta(hours=1)).date()
    return [(last - timedelta(days=back)).isoformat() for back in range(days - 1, -1, -1)]
