"""The simulator as a source: one batch per simulated day, or per snapshot."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import ClassVar

import polars as pl

from sentinel_orchestration.contracts import Contract
from sentinel_orchestration.feeds.simulator import SIMULATOR_VERSION, World, simulate_days, simulate_snapshot
from sentinel_orchestration.feeds.source import BATCH_ID_LENGTH, BatchRecord, Intake, Receipt, Source, SourceKind


@dataclass(frozen=True)
class Simulator(Source):
    """The days of `window` (UTC, ISO), up to `as_of`."""

    world: World
    as_of: datetime
    window: tuple[str, ...]
    kind: SourceKind = "simulator"
    is_provided: ClassVar[bool] = False
    may_move_rows: ClassVar[bool] = False

    def receive(self, intake: Intake, days: Iterable[str] | None = None) -> Receipt:
        """Makes the batches that are not there yet. The other days of the window keep the batch they have."""
        window = self.window if intake.contract.kind == "event" else ("",)
        expected = {day: self.batch(intake.contract, day) for day in window}
        asked = set(window if days is None or "" in window else days)
        held = {r.batch_id: r for r in intake.records(record.batch_id for record in expected.values())}
        missing = {day: batch for day, batch in expected.items() if day in asked and batch.batch_id not in held}
        for batch, rows in zip(missing.values(), self._rows(intake.contract, list(missing)), strict=True):
            held[batch.batch_id] = intake.take(batch, [rows])
        before = {day: r for r in intake.active() if r.source == self.kind for day in r.rows_by_day}
        now = {day: held.get(batch.batch_id) or before.get(day) for day, batch in expected.items()}
        return Receipt(
            [held[batch.batch_id] for day, batch in expected.items() if day in asked],
            [record for record in now.values() if record],
        )

    def batch(self, contract: Contract, day: str) -> BatchRecord:
        """The record of a simulated batch before it is made: a pure function of what is simulated.

        Only the last day before `as_of` depends on the hour; earlier days are complete and keep their batch for good.
        """
        is_last = not day or day == (self.as_of - timedelta(hours=1)).date().isoformat()
        until = self.as_of if is_last else datetime.fromisoformat(day) + timedelta(days=1)
        world = self.world
        specification = (
            f"simulator {SIMULATOR_VERSION}: {contract.feed} seed={world.seed} sites={world.sites} towers={world.towers}"
            f" day={day or 'all'} until={until.isoformat() if is_last else 'end of day'}"
        )
        sha256 = hashlib.sha256(specification.encode()).hexdigest()
        record = BatchRecord(contract.feed, sha256[:BATCH_ID_LENGTH], self.kind, specification, sha256, until)
        return replace(record, rows_by_day={day: 0})

    def _rows(self, contract: Contract, days: list[str]) -> Iterator[pl.DataFrame]:
        if contract.kind == "event":
            return simulate_days(contract.feed, self.world, map(date.fromisoformat, days), self.as_of)
        return (simulate_snapshot(contract.feed, self.world, self.as_of) for _ in days)
