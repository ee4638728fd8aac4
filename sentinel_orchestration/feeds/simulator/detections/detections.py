"""Detections: what towers see, when, where, and how sure they are."""

from dataclasses import astuple, dataclass
from datetime import date, datetime

import numpy as np
import polars as pl

from sentinel_orchestration.feeds.simulator.clock import US_PER_DAY, US_PER_MS, day_number, moment_us, timestamps
from sentinel_orchestration.feeds.simulator.detections import truth
from sentinel_orchestration.feeds.simulator.fleet.fleet import Fleet, fleet_of
from sentinel_orchestration.feeds.simulator.fleet.truth import HOUR_WEIGHTS
from sentinel_orchestration.feeds.simulator.streams import Bools, Floats, Ints, choose, jitter, stream
from sentinel_orchestration.feeds.simulator.world import World

CLASSES = list(truth.TARGET_CLASSES)
_BY_CLASS = np.array([astuple(kind) for kind in truth.TARGET_CLASSES.values()])
_UNKNOWN = CLASSES.index("unknown")
_MAX_PER_HOUR = 4  # detections of one tower in one hour


@dataclass(frozen=True, eq=False)
class Detections:
    """A whole day's detections in order of time, as arrays."""

    id: pl.Series
    tower: Ints
    at_us: Ints
    target_class: Ints
    confidence: Floats
    bearing_deg: Floats
    range_m: Floats
    false_positive: Bools

    @property
    def auto_resolved(self) -> Bools:
        """Detections that are sure enough, and of a known class, to be closed without an operator."""
        sure, known = self.confidence >= truth.AUTO_RESOLVE_CONFIDENCE, self.target_class != _UNKNOWN
        return np.asarray(sure & known)


def detections(world: World, day: date, until: datetime) -> pl.DataFrame:
    """Detections of one day before `until`, in order of time."""
    fleet, made = fleet_of(world), detected_on(world, day)
    return pl.DataFrame(
        {
            "detection_id": made.id,
            "tower_id": fleet.tower_id.gather(made.tower),
            "site_id": fleet.site_id.gather(fleet.site[made.tower]),
            "detected_at": timestamps(made.at_us),
            "target_class": pl.Series(CLASSES).gather(made.target_class),
            "confidence_score": made.confidence,
            "bearing_deg": made.bearing_deg,
            "range_m": made.range_m,
            "auto_resolved": made.auto_resolved,
            "escalated_to_operator": ~made.auto_resolved,
            "false_positive": made.false_positive,
        }
    ).filter(made.at_us < moment_us(until))


def detected_on(world: World, day: date) -> Detections:
    """All detections of a day, including those still to come."""
    fleet, rng = fleet_of(world), stream(world.seed, "detections", day)
    cell = _cells(fleet, day, rng)
    tower, count = cell % world.towers, len(cell)
    at_ms = cell // world.towers * 3_600_000 + (rng.random(count) * 3_600_000).astype(np.int64)
    target_class = choose(rng, count, _BY_CLASS[:, 0].tolist())
    _, false_share, floor, exponent, nearest, farthest = _BY_CLASS[target_class].T
    sureness = rng.random(count)
    confidence = np.round(floor + (truth.CONFIDENCE_CEILING - floor) * sureness**exponent, 3)
    false_positive = rng.random(count) < 2 * (1 - sureness) * false_share
    # Targets are spread evenly over the area in view, so they are uniform in the square of the range.
    range_m = np.round(np.sqrt(nearest**2 + (farthest**2 - nearest**2) * rng.random(count)), 1)
    order = np.lexsort((tower, at_ms))
    number = pl.Series(np.arange(1, count + 1)).cast(pl.String).str.zfill(6)
    return Detections(
        id=f"DET-{day:%Y%m%d}-" + number,
        tower=tower[order],
        at_us=(at_ms * US_PER_MS + day_number(day) * US_PER_DAY)[order],
        target_class=target_class[order],
        confidence=confidence[order],
        bearing_deg=_bearings(fleet, tower, rng)[order],
        range_m=range_m[order],
        false_positive=false_positive[order],
    )


def _cells(fleet: Fleet, day: date, rng: np.random.Generator) -> Ints:
    """For each detection, hour * towers + tower: Poisson counts by inversion of one uniform number per cell."""
    at_border = fleet.is_border[fleet.site]
    rate = np.where(at_border, truth.DETECTIONS_PER_TOWER_DAY_BORDER, truth.DETECTIONS_PER_TOWER_DAY)
    rate[fleet.in_maintenance(day)] *= truth.DETECTION_FACTOR_IN_MAINTENANCE
    rate[~fleet.in_service(day)] = 0.0
    mean = np.array(HOUR_WEIGHTS)[fleet.local_hours(day)[:, fleet.site]] * rate
    drawn = rng.random(mean.shape)
    probability = np.exp(-mean)
    # Most cells are empty: only the others are counted.
    cell = np.flatnonzero(drawn >= probability)
    mean, drawn, probability = mean.ravel()[cell], drawn.ravel()[cell], probability.ravel()[cell]
    below, counts = probability.copy(), np.zeros(len(cell), dtype=np.int64)
    for count in range(1, _MAX_PER_HOUR + 1):
        counts += drawn >= below
        probability *= mean / count
        below += probability
    return np.repeat(cell, counts)


def _bearings(fleet: Fleet, tower: Ints, rng: np.random.Generator) -> Floats:
    """Uniform all around; at a border site within 90° of the direction of the border, mostly close to it."""
    anywhere, spread = 360 * rng.random(len(tower)), 90 * jitter(rng, len(tower))
    to_border = [np.nan if p.border_bearing_deg is None else p.border_bearing_deg for p in fleet.places]
    centre = np.array(to_border)[fleet.site[tower]]
    return np.round(np.where(np.isnan(centre), anywhere, centre + spread) % 360, 1) % 360
