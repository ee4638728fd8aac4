"""Which source each feed has: sources.yaml in SENTINEL_HOME, or what is in the inbox.

Without the file: as long as the inbox is empty and nothing was ever provided, the whole demonstration fleet is simulated. From
the first file in the inbox on, only feeds that somebody provides exist, and the others are absent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Discriminator, Tag, ValidationError

from sentinel_orchestration.contracts import Contract
from sentinel_orchestration.contracts.mapping_file import read_map
from sentinel_orchestration.feeds.http.endpoint import Endpoint
from sentinel_orchestration.feeds.http.source import Http
from sentinel_orchestration.feeds.inbox import Inbox, inbox_files
from sentinel_orchestration.feeds.simulator import EVENT_FEEDS, SNAPSHOT_FEEDS, World
from sentinel_orchestration.feeds.simulator.source import Simulator
from sentinel_orchestration.feeds.source import Absent, Source
from sentinel_orchestration.settings import Settings, SettingsError, window_days

KIND, PLACE = "(kind)", "(place)"  # the two ways to write a source; left out of messages


class Place(BaseModel):
    """A source that needs more than a word."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    http: Endpoint


Entry = Annotated[
    Annotated[Literal["inbox", "simulator", "absent"], Tag(KIND)] | Annotated[Place, Tag(PLACE)],
    Discriminator(lambda entry: PLACE if isinstance(entry, dict | Place) else KIND),
]


class SourcesFile(BaseModel):
    """sources.yaml: the source of feeds by name, and what the others are that have no file in the inbox."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    default: Literal["simulator", "absent"] | None = None
    feeds: dict[str, Entry] = {}

    @property
    def names_a_provider(self) -> bool:
        """Whether it says of a feed that somebody provides it."""
        return any(entry not in ("simulator", "absent") for entry in self.feeds.values())


@dataclass(frozen=True)
class Choice:
    """What is known when the source of a feed is chosen. `provided`: feeds that somebody provided at their last receipt."""

    settings: Settings
    as_of: datetime
    file: SourcesFile
    contracts: Mapping[str, Contract]
    provided: frozenset[str]

    def source(self, feed: str) -> Source:
        """The source of a feed."""
        kind = self.file.feeds.get(feed) or self._unnamed(feed)
        limits = self.settings.gate_chunk_rows, self.settings.max_expansion
        if isinstance(kind, Place):
            return Http(kind.http, *limits, read_map(self.settings.layout.mappings, self.contracts[feed]))
        if kind == "inbox":
            feed_map = read_map(self.settings.layout.mappings, self.contracts[feed])
            return Inbox(self.settings.layout.inbox, *limits, feed_map)
        if kind == "simulator":
            return Simulator(world_of(self.settings), self.as_of, tuple(window_days(self.as_of, self.settings.days)))
        return Absent()

    def _unnamed(self, feed: str) -> Literal["inbox", "simulator", "absent"]:
        if inbox_files(self.settings.layout.inbox, feed) or feed in self.provided:
            return "inbox"
        return self._default if feed in simulated_feeds() else "absent"

    @cached_property
    def _default(self) -> Literal["simulator", "absent"]:
        """The source of feeds that nothing is known of: what the file says, else the demonstration until a feed is real."""
        if self.file.default:
            return self.file.default
        is_real = self.provided or self.file.names_a_provider
        is_real = is_real or any(inbox_files(self.settings.layout.inbox, feed) for feed in self.contracts)
        return "absent" if is_real else "simulator"


def world_of(settings: Settings) -> World:
    """The simulated fleet."""
    return World(seed=settings.seed, sites=settings.sites, towers=settings.towers)


def simulated_feeds() -> set[str]:
    """The feeds that have a generator."""
    return {*EVENT_FEEDS, *SNAPSHOT_FEEDS}


def read_sources(path: Path, feeds: Iterable[str]) -> SourcesFile:
    """The file, or what holds without it. Raises SettingsError that names the entry, the rule and the fix."""
    try:
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
        file = SourcesFile.model_validate(body or {})
    except FileNotFoundError:
        return SourcesFile()
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not YAML: {' '.join(str(error).split())}. Correct it.") from error
    except ValidationError as error:
        wrong = [f"{_where(e['loc'])}: {e['msg']}" for e in error.errors(include_url=False)]
        raise SettingsError(
            f"{path}: {'; '.join(wrong)}. It has `default:` (simulator or absent) and `feeds:`, such as `telemetry: inbox`."
        ) from error
    for feed, kind in file.feeds.items():
        if feed not in feeds:
            near = get_close_matches(feed, list(feeds), 1)
            hint = f"Did you mean {near[0]}?" if near else f"Use some of {', '.join(feeds)}."
            raise SettingsError(f"{path}: {feed} has no contract. {hint}")
        if kind == "simulator" and feed not in simulated_feeds():
            raise SettingsError(f"{path}: {feed} cannot be simulated: it has no generator. Use inbox or absent.")
    return file


def _where(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location if part not in (KIND, PLACE)) or "the file"
