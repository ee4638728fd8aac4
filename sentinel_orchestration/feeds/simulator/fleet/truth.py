"""Every effect planted in the fleet, as typed constants: what an analysis should find.

The fleet runs on one operating clock, UTC: dawn, dusk, the warm afternoon and the night shift are hours of that clock at
every site, so they show in the hours as stored. Mere labels, such as site names and parts, are in catalogue.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from sentinel_orchestration.feeds.simulator.streams import Duration

# ---- the fleet -----------------------------------------------------------------------------------
FLEET_BEGIN: Final = date(2012, 1, 1)  # first site; towers follow until FLEET_COMPLETE
FLEET_COMPLETE: Final = date(2018, 1, 1)
DECOMMISSIONED_SHARE: Final = 0.065  # of all towers, decommissioned by FLEET_STEADY
FLEET_STEADY: Final = date(2020, 1, 1)
BORDER_TOWER_WEIGHT: Final = 1.3  # of towers at a border site; 1 elsewhere

# Each tower is in maintenance for this many days of each cycle. Phases are spread evenly: about 1 in 15 at any moment.
MAINTENANCE_DAYS: Final = 3
MAINTENANCE_CYCLE_DAYS: Final = 45


@dataclass(frozen=True)
class Firmware:
    """A firmware's share of the towers and what it costs them."""

    share: float
    health_penalty: float = 0.0  # points
    uptime_penalty_min: float = 0.0  # minutes per hour
    cpu_penalty_pct: float = 0.0
    mem_penalty_pct: float = 0.0
    incident_factor: float = 1.0


BAD_FIRMWARE: Final = "4.3.0"
FIRMWARE: Final[Mapping[str, Firmware]] = {
    "4.2.1": Firmware(share=0.30),
    "4.4.2": Firmware(share=0.45),
    BAD_FIRMWARE: Firmware(
        share=0.25,
        health_penalty=6.0,
        uptime_penalty_min=1.5,
        cpu_penalty_pct=9.0,
        mem_penalty_pct=11.0,
        incident_factor=2.2,
    ),
}
MODEL_POWER_W: Final[Mapping[str, float]] = {"ST-200": 360.0, "ST-300": 430.0, "ST-300X": 520.0}
MODEL_SHARE: Final[Mapping[str, float]] = {"ST-200": 0.30, "ST-300": 0.50, "ST-300X": 0.20}

# ---- the site that declines ----------------------------------------------------------------------
# From each overhaul on 1 July to the next it loses health and link time day by day, and has more and more incidents.
DECLINING_SITE_INDEX: Final = 6
OVERHAUL_MONTH_DAY: Final = (7, 1)
DECLINE_HEALTH_PER_DAY: Final = 0.11  # points
DECLINE_UPTIME_MIN_PER_DAY: Final = 0.06  # minutes per hour
DECLINE_INCIDENT_FACTOR_AT_END: Final = 3.0


def declining_site(sites: int) -> int:
    """Index of the declining site in a world of `sites` sites."""
    return min(DECLINING_SITE_INDEX, sites - 1)


def days_since_overhaul(day: date) -> int:
    """Days since the last overhaul of the declining site, 0 to 365."""
    this_year = date(day.year, *OVERHAUL_MONTH_DAY)
    return (day - (this_year if day >= this_year else date(day.year - 1, *OVERHAUL_MONTH_DAY))).days


# ---- the rhythm of a day -------------------------------------------------------------------------
DAWN_HOURS: Final = (5, 6, 7)
DUSK_HOURS: Final = (18, 19, 20)
_DAWN, _DAY, _DUSK, _NIGHT = 2.4, 1.0, 2.7, 0.6
_RAW_HOURS = tuple(
    _DAWN if hour in DAWN_HOURS else _DUSK if hour in DUSK_HOURS else _DAY if 8 <= hour <= 17 else _NIGHT
    for hour in range(24)
)
# Share of a day's activity in each hour of the site's clock: how much the towers see, and so how busy their computers are.
HOUR_WEIGHTS: Final = tuple(weight / math.fsum(_RAW_HOURS) for weight in _RAW_HOURS)

# ---- telemetry -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reading:
    """A reading without any of the effects below, and how far towers and hours deviate from it."""

    base: float
    between_towers: float
    between_hours: float


HEALTH: Final = Reading(94.0, 2.0, 2.0)
HEALTH_BETWEEN_DAYS: Final = 1.0
CPU_PCT: Final = Reading(34.0, 4.0, 7.0)
CPU_PER_ACTIVITY_PCT: Final = 8.0  # in an hour as busy as the mean hour
MEM_PCT: Final = Reading(55.0, 6.0, 3.0)
POWER_W: Final = Reading(0.0, 15.0, 12.0)  # on top of the model's draw
TEMP_BETWEEN_DAYS_C: Final = 4.0
TEMP_BETWEEN_HOURS_C: Final = 1.0
LOST_HOUR_SHARE: Final = 0.018  # readings that never arrive from a working tower
LOST_HOUR_SHARE_IN_MAINTENANCE: Final = 0.32
UPTIME_BEST_MIN: Final = 59.6
UPTIME_DIP_MIN: Final = 2.4  # in the worst hour; a third of it on average
UPTIME_BEST_IN_MAINTENANCE_MIN: Final = 37.0
UPTIME_DIP_IN_MAINTENANCE_MIN: Final = 27.0
HEALTH_PENALTY_IN_MAINTENANCE: Final = 9.0
POWER_FACTOR_IN_MAINTENANCE: Final = 0.6
OUTAGE_UPTIME_FACTOR: Final = 0.25  # while a P1 incident of category comm is open
STORM_SHARE: Final = 0.08  # of site-days
STORM_UPTIME_PENALTY_MIN: Final = (2.8, 11.2)

# Power: the model's draw, the load, and heating or cooling at uncomfortable temperatures.
POWER_PER_CPU_PCT_W: Final = 1.4
POWER_PER_DEGREE_W: Final = 4.0
COMFORT_TEMP_C: Final = 18.0


@dataclass(frozen=True)
class Climate:
    """Air temperature of an environment: warmest in mid-July and at 15:00."""

    annual_mean_c: float
    seasonal_amplitude_c: float
    daily_amplitude_c: float


CLIMATE: Final[Mapping[str, Climate]] = {
    "coastal": Climate(14.0, 7.0, 3.0),
    "desert": Climate(22.0, 11.0, 8.0),
    "tundra": Climate(-9.0, 17.0, 3.0),
    "plains": Climate(9.0, 15.0, 6.0),
    "forest": Climate(7.0, 13.0, 5.0),
}
WARMEST_DAY_OF_YEAR: Final = 197
WARMEST_HOUR: Final = 15  # by the clock of the site

# ---- incidents -----------------------------------------------------------------------------------
INCIDENT_HISTORY_DAYS: Final = 120  # how far back the incident register goes
INCIDENTS_PER_TOWER_DAY: Final = 0.024
SEVERITY_SHARE: Final[Mapping[str, float]] = {"P1": 0.09, "P2": 0.21, "P3": 0.42, "P4": 0.28}
TIME_TO_CLOSE_HOURS: Final[Mapping[str, Duration]] = {
    "P1": Duration(12.0, 0.65),
    "P2": Duration(48.0, 0.65),
    "P3": Duration(120.0, 0.65),
    "P4": Duration(300.0, 0.65),
}
CATEGORY_SHARE: Final[Mapping[str, float]] = {
    "sensor": 0.28,
    "comm": 0.22,
    "power": 0.18,
    "compute": 0.14,
    "mechanical": 0.12,
    "other": 0.06,
}
FIRMWARE_CAUSE_SHARE: Final = 0.5  # of the bad firmware's sensor, comm and compute incidents

# ---- deployments ---------------------------------------------------------------------------------
# Each tower has one mission per cycle, which takes between these shares of the cycle. The rest is preparation.
MISSION_CYCLE_DAYS: Final = 42
MISSION_SHARE: Final = (0.50, 0.92)
MISSION_HISTORY_DAYS: Final = 110

# ---- components and stock ------------------------------------------------------------------------


@dataclass(frozen=True)
class Life:
    """A Weibull life (shape over 1: ageing; under 1: infant mortality), and the life that the maker promises."""

    shape: float
    scale_hours: float
    target_hours: float

    @property
    def mean_hours(self) -> float:
        """Mean life, scale * gamma(1 + 1 / shape)."""
        return self.scale_hours * math.gamma(1 + 1 / self.shape)


LIVES: Final[Mapping[str, Life]] = {
    "radar": Life(2.2, 11_000.0, 18_000.0),  # ageing, far under target
    "eo_ir": Life(1.6, 30_000.0, 24_000.0),  # ageing slowly
    "comm": Life(1.0, 26_000.0, 22_000.0),  # no memory
    "power": Life(2.8, 12_000.0, 22_000.0),  # ageing, far under target
    "compute": Life(0.75, 22_000.0, 15_000.0),  # infant mortality
}
REPLACEMENT_HOURS: Final = (4.0, 60.0)  # from failure to the next component, uniform
# At a refit all components of a tower are replaced; its register begins there.
REFIT_CYCLE_DAYS: Final = 1461

LONG_LEAD_DAYS: Final = 28  # longer than this is a long lead time
LONG_LEAD_SHARE: Final = 0.2  # of part numbers
SHORT_LEAD_RANGE_DAYS: Final = (5, 26)
LONG_LEAD_RANGE_DAYS: Final = (35, 90)
LEAST_REORDER_POINT: Final = 3
DEMAND_COVER: Final = 1.3  # times the failures expected within the lead time, on top of LEAST_REORDER_POINT
ORDERED_SHARE: Final = 0.7  # of the parts below the reorder point
# Share of the part numbers in each state, with at least one part in each. Long-lead parts to reorder are critical.
STOCK_SHARE: Final[Mapping[str, float]] = {"healthy": 0.50, "watch": 0.20, "reorder": 0.15, "critical": 0.15}
STOCK_SHARE_LONG_LEAD: Final[Mapping[str, float]] = {"healthy": 0.50, "watch": 0.25, "critical": 0.25}
WATCH_FACTOR: Final = 1.5
WATCH_FACTOR_LONG_LEAD: Final = 2.0
