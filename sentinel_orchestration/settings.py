"""Every setting of Sentinel in one typed object, read from SENTINEL_* variables.

Belongs here: paths, sizes, limits, switches. Does not belong here: anything that imports the rest of the package.
"""

from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PROJECT_DIR = Path(__file__).resolve().parent.parent


class SettingsError(ValueError):
    """A SENTINEL_* variable that cannot be used; the message names it, the rule and the mend."""


class Settings(BaseSettings):
    """What can be set, with its default. `SENTINEL_DAYS=7` sets `days`."""

    model_config = SettingsConfigDict(env_prefix="SENTINEL_", frozen=True, extra="ignore")

    home: Path = Field(PROJECT_DIR, description="Folder under which data/ and inbox/ lie.")
    seed: int = Field(42, ge=0, lt=2**63, description="Seed of the simulator.")
    sites: int = Field(10, ge=1, le=1000, description="Simulated sites.")
    towers: int = Field(60, ge=1, le=1_000_000, description="Simulated towers.")
    days: int = Field(60, ge=1, le=3660, description="Simulated days, the last one being that of as_of.")
    as_of: datetime | None = Field(None, description="Fixes the moment that everything 'current' is relative to, UTC.")
    inbox_feeds: Annotated[Literal["auto", "none"] | tuple[str, ...], NoDecode] = Field(
        "auto", description="Feeds read from inbox/ instead of the simulator: auto (those with files), none, or a,b,c."
    )
    site_base_path: str = Field(
        "", pattern=r"^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$", description="Sub-path the report is served under."
    )
    host: str = Field("127.0.0.1", description="Address that servers bind to.")
    dagster_port: int = Field(3000, ge=1, le=65535, description="Port of the Dagster webserver.")
    site_port: int = Field(3001, ge=1, le=65535, description="Port the built report is served on.")
    gate_chunk_rows: int = Field(2_000_000, ge=1, description="Rows the gate holds in memory at once.")
    max_expansion: int = Field(
        200, ge=1, description="Times its size that a handed-in file may take in memory; 256 MB are always allowed."
    )

    @field_validator("as_of")
    @classmethod
    def _naive_utc_hour(cls, value: datetime | None) -> datetime | None:
        if value is None:
            return None
        utc = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return utc.replace(minute=0, second=0, microsecond=0)

    @field_validator("inbox_feeds", mode="before")
    @classmethod
    def _split_feeds(cls, value: object) -> object:
        if isinstance(value, str) and value not in ("auto", "none"):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @cached_property
    def data_dir(self) -> Path:
        """Everything Sentinel makes; may be deleted at any time when nothing runs."""
        return self.home.resolve() / "data"

    @cached_property
    def inbox_dir(self) -> Path:
        """Files that people hand in, a folder a feed; Sentinel only ever adds to it."""
        return self.home.resolve() / "inbox"

    @property
    def bronze_dir(self) -> Path:
        """Batches as received."""
        return self.data_dir / "bronze"

    @property
    def silver_dir(self) -> Path:
        """Rows that keep their contract."""
        return self.data_dir / "silver"

    @property
    def quarantine_dir(self) -> Path:
        """Rows that break it, with the rule."""
        return self.data_dir / "quarantine"

    @property
    def build_dir(self) -> Path:
        """One folder a run, holding the DuckDB file that run writes."""
        return self.data_dir / "build"

    @property
    def published_dir(self) -> Path:
        """The published build and the one before, a folder each."""
        return self.data_dir / "published"

    @property
    def current_dir(self) -> Path:
        """Link to the published build: its DuckDB file and manifest. Readers open nothing else."""
        return self.published_dir / "current"

    @property
    def site_dir(self) -> Path:
        """Link to the report of the published build."""
        return self.data_dir / "site"

    @property
    def report_scratch(self) -> Path:
        """Where the report is built; gone when it is."""
        return self.data_dir / "report"

    @property
    def verify_scratch(self) -> Path:
        """Where the published build is rebuilt to be compared; gone when it is."""
        return self.data_dir / "verify"

    @property
    def dagster_home(self) -> Path:
        """Dagster's own storage."""
        return self.data_dir / "dagster"

    @property
    def dbt_dir(self) -> Path:
        """The dbt project; code, not data."""
        return PROJECT_DIR / "dbt"

    @property
    def report_dir(self) -> Path:
        """The Evidence project; code, not data."""
        return PROJECT_DIR / "evidence_reports"


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment, with `overrides` on top (those that are not None).

    Raises SettingsError naming each variable that is wrong.
    """
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [
            f"SENTINEL_{'_'.join(str(part) for part in e['loc'][:1]).upper()}={e['input']!r}: {e['msg']}"
            for e in error.errors()
        ]
        raise SettingsError("; ".join(lines)) from error


def hour_of(moment: datetime) -> datetime:
    """The full hour at or before `moment`, as naive UTC."""
    utc = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return utc.replace(minute=0, second=0, microsecond=0)


def newest_full_hour() -> datetime:
    """The current hour by the clock, naive UTC: `as_of` of a run nobody gave one."""
    return hour_of(datetime.now(UTC))


def window_days(as_of: datetime, days: int) -> list[str]:
    """The `days` calendar days that end with the one holding the last hour before `as_of`, oldest first, ISO."""
    last = (as_of - timedelta(hours=1)).date()
    return [(last - timedelta(days=back)).isoformat() for back in range(days - 1, -1, -1)]
