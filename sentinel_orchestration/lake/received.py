"""Which batches of a feed count: the files handed in, or else the simulated days of the window.

Belongs here: the choice of source and what it has handed over. Does not belong here: how rows are kept or judged.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Literal

from sentinel_orchestration.contracts import Contract, load_contracts
from sentinel_orchestration.feeds.inbox import inbox_files, stat_of
from sentinel_orchestration.feeds.simulator import EVENT_FEEDS, SNAPSHOT_FEEDS, World
from sentinel_orchestration.lake.batches import SNAPSHOT_DAY, BatchRecord, Bronze
from sentinel_orchestration.lake.bronze import now, receive_file, receive_simulated, simulated_batch
from sentinel_orchestration.settings import Settings, SettingsError, window_days


@dataclass(frozen=True)
class Lake:
    """The lake as one run sees it: its settings, its contracts, and the moment it is built for."""

    settings: Settings
    as_of: datetime

    @cached_property
    def contracts(self) -> Mapping[str, Contract]:
        """Every contract by feed, referred-to feeds first."""
        return load_contracts()

    @cached_property
    def world(self) -> World:
        """The simulated fleet."""
        return World(seed=self.settings.seed, sites=self.settings.sites, towers=self.settings.towers)

    def bronze(self, feed: str) -> Bronze:
        """The bronze folder of a feed."""
        return Bronze(self.settings.bronze_dir, self.contracts[feed])

    def source(self, feed: str) -> Literal["inbox", "simulator"]:
        """Where the feed's rows come from. Raises SettingsError where the setting names a feed without a contract."""
        chosen = self.settings.inbox_feeds
        if chosen == "none":
            return "simulator"
        if isinstance(chosen, tuple):
            unknown = [name for name in chosen if name not in self.contracts]
            if unknown:
                raise SettingsError(
                    f"SENTINEL_INBOX_FEEDS names {', '.join(unknown)}, which has no contract. "
                    f"Use auto, none, or some of {', '.join(self.contracts)}."
                )
            return "inbox" if feed in chosen else "simulator"
        is_simulated = feed in EVENT_FEEDS or feed in SNAPSHOT_FEEDS
        return "simulator" if is_simulated and not inbox_files(self.settings.inbox_dir, feed) else "inbox"

    def receive(self, feed: str, days: Iterable[str] | None = None) -> list[BatchRecord]:
        """Receives what the source of `feed` has: new files, or the simulated days of the window (of these, `days`).

        Gives the records of all that was found there, refused ones among them.
        """
        bronze = self.bronze(feed)
        if self.source(feed) == "inbox":
            return self._receive_files(bronze)
        window = self._window(feed)
        asked = set(window if days is None else days)
        wanted = [day for day in window if day in asked]
        return receive_simulated(bronze, self.world, wanted, self.as_of)

    def active(self, feed: str) -> dict[str, list[BatchRecord]]:
        """Day → the received batches that hold its rows, oldest first; the one day of a snapshot feed is ""."""
        by_day: dict[str, list[BatchRecord]] = {}
        for record in self._records(feed):
            for day in record.rows_by_day:
                by_day.setdefault(day, []).append(record)
        return dict(sorted(by_day.items()))

    def event_days(self) -> list[str]:
        """Every day on which some event feed has rows, and the simulated window where one is simulated."""
        days: set[str] = set()
        for feed, contract in self.contracts.items():
            if contract.kind == "event":
                days |= set(self._expected_days(feed))
        return sorted(days)

    def expected(self, feed: str) -> dict[str, list[str]]:
        """Day → ids of the batches that count for it, those of simulated days not made yet among them."""
        if self.source(feed) == "simulator":
            return {
                day: [simulated_batch(self.contracts[feed], self.world, day, self.as_of).batch_id]
                for day in self._expected_days(feed)
            }
        return {day: [record.batch_id for record in records] for day, records in self.active(feed).items()}

    def _records(self, feed: str) -> list[BatchRecord]:
        if self.source(feed) == "inbox":
            return self._from_inbox(feed)
        expected = (
            simulated_batch(self.contracts[feed], self.world, day, self.as_of).batch_id for day in self._window(feed)
        )
        return self.bronze(feed).records(expected)

    def _expected_days(self, feed: str) -> Iterable[str]:
        return self._window(feed) if self.source(feed) == "simulator" else self.active(feed)

    def _receive_files(self, bronze: Bronze) -> list[BatchRecord]:
        """A record a file; one known by name, size and time is not read again."""
        known = {_identity(r): r for r in bronze.records() if r.source == "inbox" and not r.refused_because}
        start, records = now(), []
        for order, (identity, path) in enumerate(self._inbox(bronze.contract.feed).items()):
            received_at = start + timedelta(microseconds=order)
            record = known.get(identity) or receive_file(
                bronze, path, received_at, self.settings.gate_chunk_rows, identity[0], self.settings.max_expansion
            )
            records.append(record)
        return records

    def _window(self, feed: str) -> list[str]:
        if self.contracts[feed].kind == "snapshot":
            return [SNAPSHOT_DAY]
        return window_days(self.as_of, self.settings.days)

    def _from_inbox(self, feed: str) -> list[BatchRecord]:
        """The accepted batches of the files that lie in the inbox now: taking a file away takes its rows back."""
        present = self._inbox(feed)
        records = (record for record in self.bronze(feed).records() if record.source == "inbox")
        return [record for record in records if not record.refused_because and _identity(record) in present]

    def _inbox(self, feed: str) -> dict[tuple[str, int, int], Path]:
        """The files of a feed, oldest first, by what tells them apart: path inside the inbox, size and time."""
        folder = self.settings.inbox_dir / feed
        return {
            (path.relative_to(folder).as_posix(), found.st_size, found.st_mtime_ns): path
            for path in inbox_files(self.settings.inbox_dir, feed)
            for found in [stat_of(path)]
        }


def _identity(record: BatchRecord) -> tuple[str, int, int]:
    return record.source_file, record.size, record.modified_ns
