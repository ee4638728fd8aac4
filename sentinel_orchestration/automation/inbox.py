"""The sensor that picks up files: within half a minute of the last byte, never while a file is still being written."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import dagster as dg

from sentinel_orchestration.automation.jobs import BUILD_JOB, build_request
from sentinel_orchestration.automation.switch import sensor_status
from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.feeds.inbox import inbox_files, stat_of
from sentinel_orchestration.layout import Layout
from sentinel_orchestration.settings import Settings

LOOK_EVERY_SEC = 10


@dataclass
class Seen:
    """The state of each feed's files as a digest: at the last look, and when they were last picked up."""

    looked: dict[str, str] = field(default_factory=dict)
    taken: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, cursor: str | None) -> "Seen":
        """What the last look left."""
        return cls(**json.loads(cursor)) if cursor else cls()

    def look(self, found: dict[str, str]) -> list[str]:
        """The feeds to pick up: those whose files differ from the last pick-up, and stay as they were at the last look."""
        changed = [feed for feed, digest in found.items() if digest != self.taken.get(feed, "")]
        settled = [feed for feed in changed if self.looked.get(feed) == found[feed]]
        self.taken |= {feed: found[feed] for feed in settled}
        self.looked = found
        return settled


def inbox_sensor(settings: Settings) -> dg.SensorDefinition:
    """Asks for a build where a feed has new, changed or fewer files, or another map: it works on the days that these touch."""

    @dg.sensor(
        name="inbox",
        job_name=BUILD_JOB,
        minimum_interval_seconds=LOOK_EVERY_SEC,
        default_status=sensor_status(settings),
        description="Picks up files that were put into the inbox, changed or removed, once nobody writes to them any more.",
    )
    def inbox(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        seen, found = Seen.read(context.cursor), state_of(settings.layout)
        feeds = seen.look(found)
        context.update_cursor(json.dumps(asdict(seen)))
        if not feeds:
            yield dg.SkipReason("No file is new or has changed since it was picked up.")
            return
        yield build_request(settings, digest(f"{feed} {found[feed]}" for feed in feeds))

    return inbox


def state_of(layout: Layout) -> dict[str, str]:
    """Feed → a digest of name, size and times of its files and its map; "" where it has neither."""
    found = {}
    for feed in load_contracts():
        map_file = layout.mappings / f"{feed}.yaml"
        files = [*inbox_files(layout.inbox, feed), *([map_file] if map_file.exists() else [])]
        found[feed] = digest(map(_identity, files)) if files else ""
    return found


def digest(parts: Iterable[str]) -> str:
    """Of the parts in their order."""
    return hashlib.sha256("\n".join(parts).encode(errors="surrogateescape")).hexdigest()[:16]


def _identity(path: Path) -> str:
    stat = stat_of(path)
    return f"{path} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns}"
