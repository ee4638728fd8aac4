"""Deployments: the missions of each tower, one after the other."""

from datetime import datetime

import numpy as np
import polars as pl

from sentinel_orchestration.feeds.simulator.clock import (
    US_PER_DAY,
    US_PER_HOUR,
    day_number,
    last_day_before,
    moment_us,
    timestamps,
    timestamps_before,
    whole,
)
from sentinel_orchestration.feeds.simulator.fleet import truth
from sentinel_orchestration.feeds.simulator.fleet.catalogue import MISSION_FIRST, MISSION_SECOND
from sentinel_orchestration.feeds.simulator.fleet.fleet import Fleet, fleet_of
from sentinel_orchestration.feeds.simulator.streams import Ints, stream
from sentinel_orchestration.feeds.simulator.world import World

_NAMES = [f"{first} {second}" for first in MISSION_FIRST for second in MISSION_SECOND]


def deployments(world: World, as_of: datetime) -> pl.DataFrame:
    """Missions that began in the last `MISSION_HISTORY_DAYS` days, as known at `as_of`."""
    fleet, last = fleet_of(world), day_number(last_day_before(as_of))
    # A tower's cycle n begins on day n * MISSION_CYCLE_DAYS + its phase.
    first_cycle = (last - truth.MISSION_HISTORY_DAYS) // truth.MISSION_CYCLE_DAYS - 1
    last_cycle = last // truth.MISSION_CYCLE_DAYS
    cycles = [_cycle(world, fleet, cycle) for cycle in range(first_cycle, last_cycle + 1)]
    until_us, from_us = moment_us(as_of), (last - truth.MISSION_HISTORY_DAYS) * US_PER_DAY
    tower, name, start, end = (np.concatenate(column) for column in zip(*cycles, strict=True))
    known = (start >= from_us) & (start < until_us)
    frame = pl.DataFrame(
        {
            "tower_id": fleet.tower_id.gather(tower),
            "mission_name": pl.Series(_NAMES).gather(name),
            "start_ts": timestamps(start),
            "end_ts": timestamps_before(end, until_us),
        }
    ).filter(known)
    started, number = pl.col("start_ts").dt.strftime("%Y%m%d"), pl.col("tower_id").str.strip_prefix("TWR-")
    return frame.select(
        pl.format("DEP-{}-{}", started, number).alias("deployment_id"),
        *("tower_id", "mission_name", "start_ts", "end_ts"),
        pl.when(pl.col("end_ts").is_null()).then(pl.lit("active")).otherwise(pl.lit("completed")).alias("status"),
    ).sort("start_ts", "deployment_id")


def _cycle(world: World, fleet: Fleet, cycle: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Tower, mission name, start and end of one cycle's missions; a mission ends with its tower."""
    rng = stream(world.seed, "deployments", cycle)
    cycle_hours = truth.MISSION_CYCLE_DAYS * 24
    shortest, longest = truth.MISSION_SHARE
    share = shortest + (longest - shortest) * rng.random(world.towers)
    length = whole(cycle_hours * share, US_PER_HOUR)
    slack = whole(cycle_hours * (1 - share) * rng.random(world.towers), US_PER_HOUR)
    name = (rng.random(world.towers) * len(_NAMES)).astype(np.int64)
    start = (cycle * truth.MISSION_CYCLE_DAYS + fleet.mission_phase) * US_PER_DAY + slack
    end = np.minimum(start + length, fleet.decommissioned * US_PER_DAY)
    tower = np.flatnonzero((start >= fleet.deployed * US_PER_DAY) & (start < end))
    return tower, name[tower], start[tower], end[tower]
