"""The places and towers of a world, and the state each tower is in on a day.

Belongs here: what is fixed for good (where, which model, when built) and the calendar each tower keeps. Does
not belong here: readings or events.
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

import numpy as np
import polars as pl

from sentinel_orchestration.feeds.simulator import truth
from sentinel_orchestration.feeds.simulator.catalogue import PARTS_A_TYPE, PLACES, Place
from sentinel_orchestration.feeds.simulator.clock import dates, day_number, last_day_before
from sentinel_orchestration.feeds.simulator.streams import (
    Bools,
    Floats,
    Ints,
    by_share,
    jitter,
    spread,
    stream,
)

FIRMWARES = list(truth.FIRMWARE)
MODELS = list(truth.MODEL_POWER_W)


@dataclass(frozen=True)
class World:
    """The scale of a simulation: all rows follow from it, the feed and the day."""

    seed: int
    sites: int
    towers: int

    def __post_init__(self) -> None:
        if self.sites < 1 or self.towers < 1:
            raise ValueError(f"a world needs a site and a tower at least, not {self.sites} and {self.towers}")


@dataclass(frozen=True, eq=False)
class Fleet:
    """Arrays over sites (S) or towers (T), in the order of their ids."""

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
    temper: Floats  # T × 4, on -1–1: how its health, cpu, memory and power differ from its kind for good
    parts: Ints  # T × 5, index of the part in its component type's list

    def in_service(self, day: date) -> Bools:
        """Towers that stand on that day."""
        number = day_number(day)
        return (self.deployed <= number) & (number < self.decommissioned)

    def in_maintenance(self, day: date) -> Bools:
        """Towers whose turn in the maintenance rotation it is."""
        day_of_cycle = (day_number(day) + self.maintenance_phase) % truth.MAINTENANCE_CYCLE_DAYS
        return np.asarray(day_of_cycle < truth.MAINTENANCE_DAYS)

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
    # Later rounds through the list of places land near the first, but not on it.
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
    years_of_removal = day_number(truth.FLEET_STEADY) - complete
    decommissioned[gone] = complete + (rng.random(len(gone)) * years_of_removal).astype(np.int64)
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
        parts=(rng.random((count, len(truth.LIVES))) * PARTS_A_TYPE).astype(np.int64),
    )


def sites(world: World, as_of: datetime) -> pl.DataFrame:
    """Sites in service before `as_of`, one row each."""
    fleet = fleet_of(world)
    frame = pl.DataFrame(
        {
            "site_id": fleet.site_id,
            "site_name": [place.name for place in fleet.places],
            "region": [place.region for place in fleet.places],
            "env": [place.env for place in fleet.places],
            "lat": fleet.site_position[:, 0].round(4),
            "lng": fleet.site_position[:, 1].round(4),
            "commissioned_date": dates(fleet.site_commissioned),
        }
    )
    return frame.filter(fleet.site_commissioned <= day_number(last_day_before(as_of)))


def towers(world: World, as_of: datetime) -> pl.DataFrame:
    """Towers put up before `as_of`, one row each, with the status they have then."""
    fleet, day = fleet_of(world), last_day_before(as_of)
    number = day_number(day)
    status = np.where(fleet.decommissioned <= number, 2, fleet.in_maintenance(day).astype(np.int64))
    frame = pl.DataFrame(
        {
            "tower_id": fleet.tower_id,
            "model": pl.Series(MODELS).gather(fleet.model),
            "firmware_version": pl.Series(FIRMWARES).gather(fleet.firmware),
            "site_id": fleet.site_id.gather(fleet.site),
            "deploy_date": dates(fleet.deployed),
            "status": pl.Series(["active", "maintenance", "decommissioned"]).gather(status),
        }
    )
    return frame.filter(fleet.deployed <= number)


def _place(index: int) -> Place:
    lap, place = index // len(PLACES), PLACES[index % len(PLACES)]
    return place._replace(name=f"{place.name} {lap + 1}") if lap else place
