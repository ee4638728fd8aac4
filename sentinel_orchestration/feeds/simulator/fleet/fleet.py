"""The sites and towers of a world: what never changes about them, and the calendar that each tower follows."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
import polars as pl

from sentinel_orchestration.feeds.simulator.clock import day_number, local_hours
from sentinel_orchestration.feeds.simulator.fleet import truth
from sentinel_orchestration.feeds.simulator.fleet.catalogue import PARTS_PER_TYPE, PLACES, Place
from sentinel_orchestration.feeds.simulator.streams import (
    Bools,
    Floats,
    Ints,
    by_share,
    jitter,
    spread,
    stream,
)
from sentinel_orchestration.feeds.simulator.world import World

FIRMWARES = list(truth.FIRMWARE)
MODELS = list(truth.MODEL_POWER_W)


@dataclass(frozen=True, eq=False)
class Fleet:
    """Arrays over sites (S) or towers (T), in order of their ids."""

    site_id: pl.Series  # S
    places: list[Place]  # S
    site_position: Floats  # S × 2: lat, lng
    site_commissioned: Ints  # S, day numbers
    is_border: Bools  # S
    tower_id: pl.Series  # T
    site: Ints  # T, index of the site
    model: Ints  # T
    firmware: Ints  # T
    deployed: Ints  # T, day numbers
    decommissioned: Ints  # T, day numbers; far in the future for most
    maintenance_phase: Ints  # T, days
    refit_phase: Ints  # T, days
    mission_phase: Ints  # T, days
    temper: Floats  # T × 4, from -1 to 1: how its health, CPU, memory and power differ from other towers' for good
    parts: Ints  # T × 5, index of the part in its component type's list

    def in_service(self, day: date) -> Bools:
        """Towers that are deployed and not yet decommissioned on that day."""
        number = day_number(day)
        return (self.deployed <= number) & (number < self.decommissioned)

    def in_maintenance(self, day: date) -> Bools:
        """Towers that are in maintenance on that day."""
        day_of_cycle = (day_number(day) + self.maintenance_phase) % truth.MAINTENANCE_CYCLE_DAYS
        return np.asarray(day_of_cycle < truth.MAINTENANCE_DAYS)

    def local_hours(self, day: date) -> Ints:
        """24 × S: the hour of the clock at each site, for each hour of a day in UTC."""
        by_zone = {zone: local_hours(zone, day) for zone in {place.timezone for place in self.places}}
        return np.column_stack([by_zone[place.timezone] for place in self.places])

    def is_declining(self) -> Bools:
        """Towers of the declining site."""
        return np.asarray(self.site == truth.declining_site(len(self.places)))


@lru_cache(maxsize=4)
def fleet_of(world: World) -> Fleet:
    """The fleet of a world."""
    count, rng = world.towers, stream(world.seed, "fleet")
    begin, complete = day_number(truth.FLEET_BEGIN), day_number(truth.FLEET_COMPLETE)
    places = [_place(index) for index in range(world.sites)]
    commissioned = begin + (rng.random(world.sites) * 300).astype(np.int64)
    commissioned[0] = begin
    # Later rounds through the list of places end up near the first, but not on it.
    scatter = jitter(rng, (world.sites, 2))
    scatter *= np.where(np.arange(world.sites) < len(PLACES), 0.0, 1.5)[:, None]
    is_border = np.array([place.border_bearing_deg is not None for place in places])

    weights = np.where(is_border, truth.BORDER_TOWER_WEIGHT, 1.0)
    site = by_share((np.arange(count) + 0.5) / count, weights.tolist())
    earliest = commissioned[site] + 30
    deployed = earliest + (rng.random(count) * (complete - earliest)).astype(np.int64)
    deployed[0] = earliest[0]
    decommissioned = np.full(count, day_number(date.max), dtype=np.int64)
    gone = np.flatnonzero(spread(rng, count) * count < round(count * truth.DECOMMISSIONED_SHARE))
    removal_days = day_number(truth.FLEET_STEADY) - complete
    decommissioned[gone] = complete + (rng.random(len(gone)) * removal_days).astype(np.int64)
    width = max(4, len(str(count)))
    return Fleet(
        site_id=pl.Series([f"SITE-{index + 1:02d}" for index in range(world.sites)]),
        places=places,
        site_position=np.array([(place.lat, place.lng) for place in places]) + scatter,
        site_commissioned=commissioned,
        is_border=is_border,
        tower_id=pl.Series([f"TWR-{index + 1:0{width}d}" for index in range(count)]),
        site=site,
        model=by_share(spread(rng, count), list(truth.MODEL_SHARE.values())),
        firmware=by_share(spread(rng, count), [firmware.share for firmware in truth.FIRMWARE.values()]),
        deployed=deployed,
        decommissioned=decommissioned,
        maintenance_phase=(spread(rng, count) * truth.MAINTENANCE_CYCLE_DAYS).astype(np.int64),
        refit_phase=(spread(rng, count) * truth.REFIT_CYCLE_DAYS).astype(np.int64),
        mission_phase=(spread(rng, count) * truth.MISSION_CYCLE_DAYS).astype(np.int64),
        temper=jitter(rng, (count, 4)),
        parts=(rng.random((count, len(truth.LIVES))) * PARTS_PER_TYPE).astype(np.int64),
    )


def _place(index: int) -> Place:
    lap, place = index // len(PLACES), PLACES[index % len(PLACES)]
    return place._replace(name=f"{place.name} {lap + 1}") if lap else place
