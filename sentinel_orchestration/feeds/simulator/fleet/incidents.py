"""Incidents: what broke, how badly, and when it was fixed."""

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from sentinel_orchestration.feeds.simulator.clock import (
    US_PER_DAY,
    US_PER_HOUR,
    US_PER_SEC,
    day_number,
    last_day_before,
    moment_us,
    timestamps,
    timestamps_before,
    whole,
)
from sentinel_orchestration.feeds.simulator.fleet import truth
from sentinel_orchestration.feeds.simulator.fleet.catalogue import CAUSES, FIRMWARE_CAUSE
from sentinel_orchestration.feeds.simulator.fleet.fleet import FIRMWARES, fleet_of
from sentinel_orchestration.feeds.simulator.streams import Bools, Floats, Ints, choose, durations, stream
from sentinel_orchestration.feeds.simulator.world import World

SEVERITIES = list(truth.SEVERITY_SHARE)
CATEGORIES = list(truth.CATEGORY_SHARE)
_CAUSE_TEXTS = [cause for category in CATEGORIES for cause in CAUSES[category]] + [FIRMWARE_CAUSE]
_INCIDENT_FACTOR = np.array([firmware.incident_factor for firmware in truth.FIRMWARE.values()])
_P1_DAYS = math.ceil(truth.TIME_TO_CLOSE_HOURS["P1"].longest / 24)


@dataclass(frozen=True, eq=False)
class Incidents:
    """Columns of some incidents, as arrays. Towers, severities, categories and causes are indices."""

    number: Ints  # within its day, in order of opening
    tower: Ints
    opened_us: Ints
    closed_us: Ints
    severity: Ints
    category: Ints
    cause: Ints


def opened_on(world: World, day: date) -> Incidents:
    """The incidents opened on a day: at most one per tower."""
    fleet, rng = fleet_of(world), stream(world.seed, "incidents", day)
    rate = truth.INCIDENTS_PER_TOWER_DAY * _INCIDENT_FACTOR[fleet.firmware]
    worn = truth.days_since_overhaul(day) / 365
    rate *= np.where(fleet.is_declining(), 1 + (truth.DECLINE_INCIDENT_FACTOR_AT_END - 1) * worn, 1.0)
    tower = np.flatnonzero((rng.random(world.towers) < rate) & fleet.in_service(day))
    count = len(tower)
    opened = (rng.random(count) * 86_400).astype(np.int64) * US_PER_SEC + day_number(day) * US_PER_DAY
    severity = choose(rng, count, list(truth.SEVERITY_SHARE.values()))
    category = choose(rng, count, list(truth.CATEGORY_SHARE.values()))
    cause = category * 4 + choose(rng, count, (0.4, 0.3, 0.2, 0.1))
    on_bad_firmware = fleet.firmware[tower] == FIRMWARES.index(truth.BAD_FIRMWARE)
    can_be_firmware = np.isin(category, [CATEGORIES.index(name) for name in ("sensor", "comm", "compute")])
    by_firmware = on_bad_firmware & can_be_firmware & (rng.random(count) < truth.FIRMWARE_CAUSE_SHARE)
    hours = _hours_to_close(rng, severity)
    order = np.lexsort((tower, opened))
    return Incidents(
        number=np.arange(1, count + 1),
        tower=tower[order],
        opened_us=opened[order],
        closed_us=(opened + whole(hours * 3600, US_PER_SEC))[order],
        severity=severity[order],
        category=category[order],
        cause=np.where(by_firmware, len(_CAUSE_TEXTS) - 1, cause)[order],
    )


def link_outages(world: World, day: date) -> Bools:
    """Hour × tower (24 × T): whether a P1 incident of category comm was open in that hour."""
    outages = np.zeros((24, world.towers), dtype=np.bool_)
    midnight = day_number(day) * US_PER_DAY
    hour_starts = midnight + np.arange(24) * US_PER_HOUR
    for back in range(_P1_DAYS + 1):
        block = opened_on(world, day - timedelta(days=back))
        cut = (block.severity == SEVERITIES.index("P1")) & (block.category == CATEGORIES.index("comm"))
        opened, closed, tower = block.opened_us[cut], block.closed_us[cut], block.tower[cut]
        is_open = (opened < hour_starts[:, None] + US_PER_HOUR) & (closed > hour_starts[:, None])
        hour, which = np.nonzero(is_open)
        outages[hour, tower[which]] = True
    return outages


def incidents(world: World, as_of: datetime) -> pl.DataFrame:
    """Incidents of the last `INCIDENT_HISTORY_DAYS` days as known at `as_of`: those that close later are open."""
    fleet, until_us, last = fleet_of(world), moment_us(as_of), last_day_before(as_of)
    oldest_first = range(truth.INCIDENT_HISTORY_DAYS - 1, -1, -1)
    blocks = [opened_on(world, last - timedelta(days=back)) for back in oldest_first]
    number, tower, opened, closed, severity, category, cause = (
        np.concatenate([getattr(block, column) for block in blocks])
        for column in ("number", "tower", "opened_us", "closed_us", "severity", "category", "cause")
    )
    frame = pl.DataFrame(
        {
            "number": number,
            "tower_id": fleet.tower_id.gather(tower),
            "opened_at": timestamps(opened),
            "closed_at": timestamps_before(closed, until_us),
            "severity": pl.Series(SEVERITIES).gather(severity),
            "category": pl.Series(CATEGORIES).gather(category),
            "root_cause": pl.Series(_CAUSE_TEXTS).gather(cause),
        }
    ).filter(opened < until_us)
    day, counter = pl.col("opened_at").dt.strftime("%Y%m%d"), pl.col("number").cast(pl.String).str.zfill(4)
    return frame.select(
        pl.format("INC-{}-{}", day, counter).alias("incident_id"),
        *("tower_id", "opened_at", "closed_at", "severity", "category"),
        # The cause is recorded when the incident is closed.
        pl.when(pl.col("closed_at").is_not_null()).then("root_cause").alias("root_cause"),
    )


def _hours_to_close(rng: np.random.Generator, severity: Ints) -> Floats:
    each = [durations(rng, len(severity), truth.TIME_TO_CLOSE_HOURS[name]) for name in SEVERITIES]
    return np.choose(severity, each)
