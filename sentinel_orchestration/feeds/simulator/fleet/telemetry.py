"""Telemetry: one reading per tower and hour, which follows from the tower's model, its site's weather and its state."""

import math
from dataclasses import astuple
from datetime import date, datetime
from typing import NamedTuple

import numpy as np
import polars as pl

from sentinel_orchestration.feeds.simulator.clock import (
    US_PER_DAY,
    US_PER_HOUR,
    day_number,
    moment_us,
    timestamps,
)
from sentinel_orchestration.feeds.simulator.fleet import truth
from sentinel_orchestration.feeds.simulator.fleet.fleet import MODELS, Fleet, fleet_of
from sentinel_orchestration.feeds.simulator.fleet.incidents import link_outages
from sentinel_orchestration.feeds.simulator.streams import Bools, Floats, Ints, jitter, stream
from sentinel_orchestration.feeds.simulator.world import World

_PENALTIES = np.array(
    [(f.health_penalty, f.uptime_penalty_min, f.cpu_penalty_pct, f.mem_penalty_pct) for f in truth.FIRMWARE.values()]
)
_MODEL_POWER_W = np.array([truth.MODEL_POWER_W[name] for name in MODELS])
_ACTIVITY = np.array(truth.HOUR_WEIGHTS) * 24  # 1 in a mean hour


class _Weather(NamedTuple):
    """Weather of a day: temperature by hour and site (24 × S), link minutes lost per hour by site (S)."""

    temp_c: Floats
    storm_loss_min: Floats


class _Towers(NamedTuple):
    """The towers in service on a day (N), and what their readings depend on."""

    tower: Ints  # index in the fleet
    site: Ints
    maintained: Bools
    decline_days: Ints  # since the overhaul, at the declining site; 0 elsewhere
    penalties: Floats  # 4 × N, of the firmware: health, uptime, CPU, memory
    temper: Floats  # 4 × N: health, CPU, memory, power


def telemetry(world: World, day: date, until: datetime) -> pl.DataFrame:
    """Readings of one day whose hour begins before `until`, in order of hour and tower."""
    fleet, rng = fleet_of(world), stream(world.seed, "telemetry", day)
    towers, weather = _towers(fleet, day), _weather(world, fleet, day)
    cells = (24, len(towers.tower))
    lost_share = np.where(towers.maintained, truth.LOST_HOUR_SHARE_IN_MAINTENANCE, truth.LOST_HOUR_SHARE)
    arrived = rng.random(cells) >= lost_share
    health = _health(rng, towers, cells)
    uptime = _uptime(rng, towers, weather, cells)
    np.multiply(uptime, truth.OUTAGE_UPTIME_FACTOR, out=uptime, where=link_outages(world, day)[:, towers.tower])
    cpu = _base(rng, truth.CPU_PCT, towers.temper[1], cells)
    cpu += towers.penalties[2] + truth.CPU_PER_ACTIVITY_PCT * _ACTIVITY[fleet.local_hours(day)[:, towers.site]]
    mem = _base(rng, truth.MEM_PCT, towers.temper[2], cells)
    mem += towers.penalties[3]
    temp = jitter(rng, cells)
    temp *= truth.TEMP_BETWEEN_HOURS_C
    temp += weather.temp_c[:, towers.site]
    power = _power(rng, fleet, towers, cpu, temp)

    hour_starts = day_number(day) * US_PER_DAY + np.arange(24) * US_PER_HOUR
    arrived &= (hour_starts < moment_us(until))[:, None]
    hour, column = np.nonzero(arrived)
    return pl.DataFrame(
        {
            "tower_id": fleet.tower_id.gather(towers.tower[column]),
            "ts": timestamps(hour_starts).gather(hour),
            "cpu_pct": _reading(cpu, arrived, 0.0, 100.0, 1),
            "mem_pct": _reading(mem, arrived, 0.0, 100.0, 1),
            "sensor_health_score": _reading(health, arrived, 0.0, 100.0, 2),
            "comms_uptime_min": _reading(uptime, arrived, 0.0, 60.0, 2),
            "power_watts": _reading(power, arrived, 0.0, 5_000.0, 1),
            "ambient_temp_c": _reading(temp, arrived, -60.0, 60.0, 1),
        }
    )


def _towers(fleet: Fleet, day: date) -> _Towers:
    tower = np.flatnonzero(fleet.in_service(day))
    return _Towers(
        tower=tower,
        site=fleet.site[tower],
        maintained=fleet.in_maintenance(day)[tower],
        decline_days=fleet.is_declining()[tower] * truth.days_since_overhaul(day),
        penalties=_PENALTIES[fleet.firmware[tower]].T,
        temper=fleet.temper[tower].T,
    )


def _weather(world: World, fleet: Fleet, day: date) -> _Weather:
    rng = stream(world.seed, "weather", day)
    mean, seasonal, daily = np.array([astuple(truth.CLIMATE[place.env]) for place in fleet.places]).T
    season = math.cos(2 * math.pi * (day.timetuple().tm_yday - truth.WARMEST_DAY_OF_YEAR) / 365.25)
    hours = np.array([math.cos(2 * math.pi * (hour - truth.WARMEST_HOUR) / 24) for hour in range(24)])
    today = mean + seasonal * season + truth.TEMP_BETWEEN_DAYS_C * jitter(rng, world.sites)
    storms = rng.random(world.sites) < truth.STORM_SHARE
    mildest, fiercest = truth.STORM_UPTIME_PENALTY_MIN
    loss = mildest + (fiercest - mildest) * rng.random(world.sites)
    return _Weather(temp_c=today + daily * hours[fleet.local_hours(day)], storm_loss_min=loss * storms)


def _health(rng: np.random.Generator, towers: _Towers, cells: tuple[int, int]) -> Floats:
    health = _base(rng, truth.HEALTH, towers.temper[0], cells)
    health += (
        truth.HEALTH_BETWEEN_DAYS * jitter(rng, len(towers.tower))
        - towers.penalties[0]
        - truth.DECLINE_HEALTH_PER_DAY * towers.decline_days
        - truth.HEALTH_PENALTY_IN_MAINTENANCE * towers.maintained
    )
    return health


def _uptime(rng: np.random.Generator, towers: _Towers, weather: _Weather, cells: tuple[int, int]) -> Floats:
    dip, in_maintenance = truth.UPTIME_DIP_MIN, truth.UPTIME_DIP_IN_MAINTENANCE_MIN
    best = (
        truth.UPTIME_BEST_MIN
        - towers.penalties[1]
        - truth.DECLINE_UPTIME_MIN_PER_DAY * towers.decline_days
        - weather.storm_loss_min[towers.site]
    )
    uptime = rng.random(cells)
    uptime *= uptime
    uptime *= np.where(towers.maintained, -in_maintenance, -dip)
    uptime += np.where(towers.maintained, np.minimum(best, truth.UPTIME_BEST_IN_MAINTENANCE_MIN), best)
    return uptime


def _power(rng: np.random.Generator, fleet: Fleet, towers: _Towers, cpu: Floats, temp: Floats) -> Floats:
    power = _base(rng, truth.POWER_W, towers.temper[3], cpu.shape)
    power += _MODEL_POWER_W[fleet.model[towers.tower]]
    power += truth.POWER_PER_CPU_PCT_W * cpu
    power += truth.POWER_PER_DEGREE_W * np.abs(temp - truth.COMFORT_TEMP_C)
    power *= np.where(towers.maintained, truth.POWER_FACTOR_IN_MAINTENANCE, 1.0)
    return power


def _base(rng: np.random.Generator, reading: truth.Reading, temper: Floats, cells: tuple[int, ...]) -> Floats:
    """The reading of each hour and tower without any effect."""
    values = jitter(rng, cells)
    values *= reading.between_hours
    values += reading.base + reading.between_towers * temper
    return values


def _reading(values: Floats, arrived: Bools, lowest: float, highest: float, decimals: int) -> Floats:
    """The readings that arrived, as the sensor reports them: within its range, rounded to its last digit."""
    kept = values[arrived]
    np.clip(kept, lowest, highest, out=kept)
    return np.asarray(np.round(kept, decimals, out=kept))
