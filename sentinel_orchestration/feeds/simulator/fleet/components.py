"""Components: what is installed in each tower, how long it lasted, and what replaced it."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import numpy as np
import polars as pl

from sentinel_orchestration.feeds.simulator.clock import (
    US_PER_DAY,
    US_PER_SEC,
    day_number,
    last_day_before,
    moment_us,
    timestamps,
    timestamps_before,
    whole,
)
from sentinel_orchestration.feeds.simulator.fleet import truth
from sentinel_orchestration.feeds.simulator.fleet.catalogue import PARTS
from sentinel_orchestration.feeds.simulator.fleet.fleet import Fleet, fleet_of
from sentinel_orchestration.feeds.simulator.streams import Ints, stream
from sentinel_orchestration.feeds.simulator.world import World

TYPES = list(truth.LIVES)
PART_NUMBERS = [[number for number, _ in PARTS[kind]] for kind in TYPES]


class _Installed(NamedTuple):
    """Components of one type, at most one per tower, as arrays."""

    kind: int
    tower: Ints
    installed_us: Ints
    failed_us: Ints


def components(world: World, as_of: datetime) -> pl.DataFrame:
    """Components since each tower's last refit, as known at `as_of`; decommissioned towers have none."""
    fleet, until_us = fleet_of(world), moment_us(as_of)
    frames = [_frame(fleet, batch, until_us) for batch in _installed(world, fleet, as_of)]
    return pl.concat(frames).sort("component_id")


def _installed(world: World, fleet: Fleet, as_of: datetime) -> Iterator[_Installed]:
    today, until_us = last_day_before(as_of), moment_us(as_of)
    cycle = (day_number(today) - fleet.refit_phase) // truth.REFIT_CYCLE_DAYS
    refit = cycle * truth.REFIT_CYCLE_DAYS + fleet.refit_phase
    in_service = fleet.in_service(today)
    for now in np.unique(cycle):
        everyone = np.flatnonzero(in_service & (cycle == now))
        for kind, life in enumerate(truth.LIVES.values()):
            rng = stream(world.seed, "components", TYPES[kind], int(now))
            tower = everyone
            installed = np.maximum(refit, fleet.deployed)[tower] * US_PER_DAY
            while True:
                # Weibull by inversion; drawn for all towers, so that no tower's numbers depend on another tower.
                quantile = rng.random(world.towers)[tower]
                hours = life.scale_hours * (-np.log1p(-quantile)) ** (1 / life.shape)
                failed = installed + whole(hours * 60, 60 * US_PER_SEC)
                yield _Installed(kind, tower, installed, failed)
                soonest, latest = truth.REPLACEMENT_HOURS
                pause = soonest + (latest - soonest) * rng.random(world.towers)[tower]
                installed = failed + whole(pause * 60, 60 * US_PER_SEC)
                is_known = installed < until_us
                if not is_known.any():
                    break
                tower, installed = tower[is_known], installed[is_known]


def _frame(fleet: Fleet, batch: _Installed, until_us: int) -> pl.DataFrame:
    kind = TYPES[batch.kind]
    tower_id, part = fleet.tower_id.gather(batch.tower), fleet.parts[batch.tower, batch.kind]
    frame = pl.DataFrame(
        {
            "tower_id": tower_id,
            "part_number": pl.Series(PART_NUMBERS[batch.kind]).gather(part),
            "installed_at": timestamps(batch.installed_us),
            "failed_at": timestamps_before(batch.failed_us, until_us),
        }
    )
    return frame.select(
        pl.format(
            "CMP-{}-{}-{}",
            pl.col("tower_id").str.strip_prefix("TWR-"),
            pl.lit(kind.upper().replace("_", "")),
            pl.col("installed_at").dt.strftime("%Y%m%d%H%M"),
        ).alias("component_id"),
        "tower_id",
        pl.lit(kind).alias("component_type"),
        "part_number",
        "installed_at",
        "failed_at",
        pl.lit(truth.LIVES[kind].target_hours).alias("mtbf_target_hours"),
        pl.col("failed_at").is_not_null().alias("is_failed"),
    )
