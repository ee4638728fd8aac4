"""Towers: what each one is, and the status it has."""

from datetime import datetime

import numpy as np
import polars as pl

from sentinel_orchestration.feeds.simulator.clock import dates, day_number, last_day_before
from sentinel_orchestration.feeds.simulator.fleet.fleet import FIRMWARES, MODELS, fleet_of
from sentinel_orchestration.feeds.simulator.world import World


def towers(world: World, as_of: datetime) -> pl.DataFrame:
    """Towers deployed before `as_of`, one row per tower, with their status at that moment."""
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
