"""Sites: the places of the fleet."""

from datetime import datetime

import polars as pl

from sentinel_orchestration.feeds.simulator.clock import dates, day_number, last_day_before
from sentinel_orchestration.feeds.simulator.fleet.fleet import fleet_of
from sentinel_orchestration.feeds.simulator.world import World


def sites(world: World, as_of: datetime) -> pl.DataFrame:
    """Sites in service before `as_of`, one row per site."""
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
            "timezone": [place.timezone for place in fleet.places],
        }
    )
    return frame.filter(fleet.site_commissioned <= day_number(last_day_before(as_of)))
