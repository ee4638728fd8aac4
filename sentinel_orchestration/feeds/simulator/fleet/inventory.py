"""Inventory: the spares for the installed parts, with stock levels such that every stock status occurs at any time.

The rule that turns a level into a status is the warehouse's.
"""

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from sentinel_orchestration.feeds.simulator.clock import (
    US_PER_DAY,
    US_PER_HOUR,
    last_day_before,
    moment_us,
    timestamps,
)
from sentinel_orchestration.feeds.simulator.fleet import truth
from sentinel_orchestration.feeds.simulator.fleet.catalogue import PARTS, PARTS_PER_TYPE
from sentinel_orchestration.feeds.simulator.fleet.components import PART_NUMBERS, TYPES
from sentinel_orchestration.feeds.simulator.fleet.fleet import fleet_of
from sentinel_orchestration.feeds.simulator.streams import Bools, Floats, Ints, stream
from sentinel_orchestration.feeds.simulator.world import World

Strings = npt.NDArray[np.str_]
_CATALOGUE = (len(TYPES), PARTS_PER_TYPE)  # numbers are drawn for every part, in use or not
_WEEK_US = 7 * US_PER_DAY
_MONDAY_SIX_US = 4 * US_PER_DAY + 6 * US_PER_HOUR  # 1970-01-05 was a Monday


def inventory(world: World, as_of: datetime) -> pl.DataFrame:
    """Stock of every part that is installed at `as_of`, as of the last weekly count (Mondays at 06:00)."""
    kind, part, installed = _parts_in_use(world, as_of)
    count = len(kind)
    week = (moment_us(as_of) - US_PER_HOUR - _MONDAY_SIX_US) // _WEEK_US
    fixed, weekly = stream(world.seed, "inventory"), stream(world.seed, "inventory", week)
    # Each part keeps its place in the order, whatever other parts are in use.
    place = np.argsort(np.argsort(fixed.random(_CATALOGUE)[kind, part], kind="stable"))
    lead_position = fixed.random(_CATALOGUE)[kind, part]

    long_count = max(1, round(count * truth.LONG_LEAD_SHARE)) if count else 0
    is_long = place < long_count
    lead_days = np.where(
        is_long,
        _between(truth.LONG_LEAD_RANGE_DAYS, lead_position),
        _between(truth.SHORT_LEAD_RANGE_DAYS, lead_position),
    ).astype(np.int64)
    mean_life_hours = np.array([life.mean_hours for life in truth.LIVES.values()])[kind]
    demand = installed * lead_days * 24 / mean_life_hours
    reorder_point = truth.LEAST_REORDER_POINT + np.ceil(truth.DEMAND_COVER * demand).astype(np.int64)

    state = np.where(
        is_long,
        _states(place, long_count, week, truth.STOCK_SHARE_LONG_LEAD),
        _states(place - long_count, count - long_count, week, truth.STOCK_SHARE),
    )
    depth = weekly.random(_CATALOGUE)[kind, part]
    allocated = np.floor(weekly.random(_CATALOGUE)[kind, part] * reorder_point / 2).astype(np.int64)
    available = _available(state, is_long, depth, reorder_point, allocated)
    ordered = np.where(available < reorder_point, 2 * reorder_point, 0)
    return pl.DataFrame(
        {
            "part_number": [PART_NUMBERS[k][p] for k, p in zip(kind, part, strict=True)],
            "description": [PARTS[TYPES[k]][p][1] for k, p in zip(kind, part, strict=True)],
            "category": pl.Series(TYPES, dtype=pl.String).gather(kind),
            "on_hand": available + allocated,
            "in_transit": np.where(depth < truth.ORDERED_SHARE, ordered, 0),
            "allocated": allocated,
            "reorder_point": reorder_point,
            "lead_time_days": lead_days,
            "last_updated": timestamps(np.full(count, week * _WEEK_US + _MONDAY_SIX_US)),
        },
        schema_overrides={"part_number": pl.String, "description": pl.String},
    )


def _parts_in_use(world: World, as_of: datetime) -> tuple[Ints, Ints, Ints]:
    """Component type, part and number of towers that have it, for every part in use."""
    fleet = fleet_of(world)
    parts = fleet.parts[fleet.in_service(last_day_before(as_of))]
    used = np.stack([np.bincount(column, minlength=PARTS_PER_TYPE) for column in parts.T])
    kind, part = np.nonzero(used)
    return kind, part, used[kind, part]


def _states(place: Ints, count: int, week: int, shares: Mapping[str, float]) -> Strings:
    """State of the part at each place: stock runs down week by week, then is refilled."""
    scarce = {state: max(1, round(share * count)) for state, share in shares.items() if state != "healthy"}
    line = ["healthy"] * (count - sum(scarce.values()))
    for state, parts in scarce.items():
        line += [state] * parts
    # With fewer parts than states, the worst states are kept.
    line = line[-count:] if count else ["healthy"]
    return np.array(line)[(place + week) % max(count, 1)]


def _available(state: Strings, is_long: Bools, depth: Floats, reorder_point: Ints, allocated: Ints) -> Ints:
    """On hand less allocated: at the position `depth` (0 to 1) in the range of the part's state."""
    factor = np.where(is_long, truth.WATCH_FACTOR_LONG_LEAD, truth.WATCH_FACTOR)
    watch_end = np.ceil(factor * reorder_point).astype(np.int64)
    lowest, beyond = np.select(
        [state == "healthy", state == "watch", (state == "reorder") | is_long],
        [
            np.stack([watch_end, 2 * watch_end]),
            np.stack([reorder_point, watch_end]),
            np.stack([np.ones_like(reorder_point), reorder_point]),
        ],
        default=np.stack([-allocated, np.ones_like(allocated)]),
    )
    return np.asarray(lowest + np.floor(depth * (beyond - lowest)).astype(np.int64))


def _between(bounds: tuple[int, int], position: Floats) -> Floats:
    lowest, highest = bounds
    return np.floor(lowest + (highest - lowest + 1) * position)
