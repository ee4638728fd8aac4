"""The lake as one run sees it: where each feed comes from, and which of its batches count."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from sentinel_orchestration.contracts import Contract, load_contracts
from sentinel_orchestration.contracts.mapping_file import refuse_stray_maps
from sentinel_orchestration.feeds.source import BatchRecord, Source, SourceKind
from sentinel_orchestration.feeds.sources import Choice, read_sources
from sentinel_orchestration.lake.bronze import Bronze
from sentinel_orchestration.layout import Layout
from sentinel_orchestration.settings import Settings

ALL = "all"
SHOWN_NAMES = 3


class FeedMissingError(RuntimeError):
    """Nobody provides a feed any more that somebody provided; the message says what is gone and what to do."""


@dataclass(frozen=True)
class Lake:
    """Settings, contracts, sources, and the moment the lake is built for.

    `allowed_missing`: feeds that may become absent or simulated although somebody provided them before; `all` means any.
    """

    settings: Settings
    as_of: datetime
    allowed_missing: frozenset[str] = field(default=frozenset(), kw_only=True)

    @cached_property
    def layout(self) -> Layout:
        """The folders of this lake."""
        return self.settings.layout

    @cached_property
    def contracts(self) -> Mapping[str, Contract]:
        """Every contract by feed, referred-to feeds first."""
        return load_contracts()

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """The source of each feed. Raises SettingsError for a sources.yaml that cannot be used, MappingError for a map."""
        refuse_stray_maps(self.layout.mappings, self.contracts)
        file = read_sources(self.layout.sources, self.contracts)
        provided = frozenset(feed for feed in self.contracts if self._was_provided(feed) and not self._may_go(feed))
        choice = Choice(self.settings, self.as_of, file, self.contracts, provided)
        return {feed: choice.source(feed) for feed in self.contracts}

    def bronze(self, feed: str) -> Bronze:
        """The bronze folder of a feed."""
        return Bronze(self.layout.bronze, self.contracts[feed])

    def source(self, feed: str) -> SourceKind:
        """What the feed's source is called."""
        return self.sources[feed].kind

    def receive(self, feed: str, days: Iterable[str] | None = None) -> list[BatchRecord]:
        """Receives what the source of `feed` has (of a simulated one, `days`), and makes it what counts.

        Gives the records of all that was found there, refused ones among them. Raises FeedMissingError where nobody provides
        any more what somebody provided, and leaves what counts as it is.
        """
        bronze, source = self.bronze(feed), self.sources[feed]
        with bronze.receiving():
            receipt = source.receive(bronze, days)
            is_gone = source.is_provided and not receipt.found
            if is_gone and self._was_provided(feed) and not self._may_go(feed):
                raise FeedMissingError(self._what_is_missing(feed))
            if receipt.active is not None and (receipt.active or not receipt.found):  # else: all refused
                bronze.select(source.kind, receipt.active, is_provided=source.is_provided)
        return list(receipt.found)

    def active(self, feed: str) -> dict[str, list[BatchRecord]]:
        """Day → the batches that hold its rows, last wins; the one day of a snapshot feed is "".

        They are those of the last receipt, so that a run works with what it received, whatever happens to the source.
        """
        by_day: dict[str, list[BatchRecord]] = {}
        for record in self.sources[feed].active(self.bronze(feed)):
            for day in record.rows_by_day:
                by_day.setdefault(day, []).append(record)
        return dict(sorted(by_day.items()))

    def _was_provided(self, feed: str) -> bool:
        selected = self.bronze(feed).selected()
        return bool(selected and selected.is_provided and selected.batch_ids)

    def _may_go(self, feed: str) -> bool:
        return feed in self.allowed_missing or ALL in self.allowed_missing

    def _what_is_missing(self, feed: str) -> str:
        selected = self.bronze(feed).selected()
        names, count = (selected.names, len(selected.batch_ids)) if selected else ([], 0)
        more = f" and {count - SHOWN_NAMES:,} more" if count > SHOWN_NAMES else ""
        source = self.sources[feed]
        back = "Put it back"
        if selected and selected.source != source.kind:
            back += f", or name the {selected.source} as its source again"
        return (
            f"{feed} came from {', '.join(names[:SHOWN_NAMES])}{more}, and none of it is in {source.place(feed)} now. "
            f"{back}. If {feed} is meant to go, run `sentinel build --allow-missing {feed}`, or write "
            f"`{feed}: absent` under `feeds:` in {self.layout.sources}."
        )
