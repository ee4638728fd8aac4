"""Detections, and the way of the escalated ones through the alert chain.

Belongs here: what towers see, how sure they are, and how fast operators react. Does not belong here: how the
towers themselves fare (telemetry, incidents).
"""

from dataclasses import astuple, dataclass
from datetime import date, datetime

import numpy as np
import polars as pl

from sentinel_orchestration.feeds.simulator import truth
from sentinel_orchestration.feeds.simulator.clock import (
    US_PER_DAY,
    US_PER_HOUR,
    US_PER_MS,
    US_PER_SEC,
    day_number,
    last_day_before,
    moment_us,
    timestamps,
    timestamps_before,
    whole,
)
from sentinel_orchestration.feeds.simulator.fleet import Fleet, World, fleet_of
from sentinel_orchestration.feeds.simulator.streams import (
    Bools,
    Floats,
    Ints,
    choose,
    durations,
    jitter,
    stream,
)

CLASSES = list(truth.TARGET_CLASSES)
_OF_CLASS = np.array([astuple(kind) for kind in truth.TARGET_CLASSES.values()])
_UNKNOWN = CLASSES.index("unknown")
_MOST_AN_HOUR = 4  # detections a tower can make in an hour


@dataclass(frozen=True, eq=False)
class _Detections:
    """A whole day's detections in the order of time, as arrays."""

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
        sure, known = self.confidence >= truth.AUTO_RESOLVE_CONFIDENCE, self.target_class != _UNKNOWN
        return np.asarray(sure & known)


def detections(world: World, day: date, until: datetime) -> pl.DataFrame:
    """Detections of one day before `until`, in the order of time."""
    fleet, made = fleet_of(world), _made_on(world, day)
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


def alert_pipeline(world: World, day: date, until: datetime) -> pl.DataFrame:
    """One row for each escalated detection of one day before `until`, in the order of time.

    On the newest day (that of the last hour before `until`) what operators do later than `until` is still
    empty; earlier days are complete, so that they come out the same in every build after their own. Alerts
    and notifications, which no row may lack, can lie a few seconds after `until`.
    """
    made, until_us = _made_on(world, day), moment_us(until)
    rng, count = stream(world.seed, "alert_pipeline", day), len(made.tower)
    hour = made.at_us % US_PER_DAY // US_PER_HOUR
    overnight = np.isin(hour, truth.OVERNIGHT_HOURS)
    to_alert = durations(rng, count, truth.DETECTION_TO_ALERT_SEC)
    to_notify = durations(rng, count, truth.ALERT_TO_NOTIFY_SEC)
    to_ack = durations(rng, count, truth.NOTIFY_TO_ACK_SEC)
    to_ack[overnight] *= truth.OVERNIGHT_ACK_FACTOR
    to_resolve = durations(rng, count, truth.ACK_TO_RESOLVE_SEC)
    taken = [whole(seconds * 1000, US_PER_MS) for seconds in (to_alert, to_notify, to_ack, to_resolve)]
    alerted, notified, acked, resolved = made.at_us + np.cumsum(taken, axis=0)
    known_until = until_us if day >= last_day_before(until) else np.iinfo(np.int64).max
    is_acked, is_resolved = acked < known_until, resolved < known_until
    return pl.DataFrame(
        {
            "detection_id": made.id,
            "detection_ts": timestamps(made.at_us),
            "alert_generated_ts": timestamps(alerted),
            "operator_notified_ts": timestamps(notified),
            "operator_ack_ts": timestamps_before(acked, known_until),
            "resolved_ts": timestamps_before(resolved, known_until),
            "is_overnight": overnight,
            "detection_to_alert_s": taken[0] / US_PER_SEC,
            "alert_to_notify_s": taken[1] / US_PER_SEC,
            "notify_to_ack_s": _seconds(taken[2], is_acked),
            "ack_to_resolve_s": _seconds(taken[3], is_resolved),
            "total_response_s": _seconds(resolved - made.at_us, is_resolved),
        }
    ).filter(~made.auto_resolved & (made.at_us < until_us))


def _made_on(world: World, day: date) -> _Detections:
    fleet, rng = fleet_of(world), stream(world.seed, "detections", day)
    cell = _cells(fleet, day, rng)
    tower, count = cell % world.towers, len(cell)
    at_ms = cell // world.towers * 3_600_000 + (rng.random(count) * 3_600_000).astype(np.int64)
    target_class = choose(rng, count, _OF_CLASS[:, 0].tolist())
    _, false_share, floor, exponent, nearest, farthest = _OF_CLASS[target_class].T
    sureness = rng.random(count)
    confidence = np.round(floor + (truth.CONFIDENCE_CEILING - floor) * sureness**exponent, 3)
    false_positive = rng.random(count) < 2 * (1 - sureness) * false_share
    # Targets are spread evenly over the area in view, so over the square of the range.
    range_m = np.round(np.sqrt(nearest**2 + (farthest**2 - nearest**2) * rng.random(count)), 1)
    order = np.lexsort((tower, at_ms))
    number = pl.Series(np.arange(1, count + 1)).cast(pl.String).str.zfill(6)
    return _Detections(
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
    """For each detection, hour * towers + tower: Poisson counts by inversion of one uniform number a cell."""
    at_border = fleet.is_border[fleet.site]
    rate = np.where(at_border, truth.DETECTIONS_PER_TOWER_DAY_BORDER, truth.DETECTIONS_PER_TOWER_DAY)
    rate[fleet.in_maintenance(day)] *= truth.DETECTION_FACTOR_IN_MAINTENANCE
    rate[~fleet.in_service(day)] = 0.0
    mean = np.outer(truth.HOUR_WEIGHTS, rate)
    drawn = rng.random(mean.shape)
    probability = np.exp(-mean)
    # Most cells stay empty: only the others are looked at again.
    cell = np.flatnonzero(drawn >= probability)
    mean, drawn, probability = mean.ravel()[cell], drawn.ravel()[cell], probability.ravel()[cell]
    below, counts = probability.copy(), np.zeros(len(cell), dtype=np.int64)
    for count in range(1, _MOST_AN_HOUR + 1):
        counts += drawn >= below
        probability *= mean / count
        below += probability
    return np.repeat(cell, counts)


def _bearings(fleet: Fleet, tower: Ints, rng: np.random.Generator) -> Floats:
    """All around, but at a border site mostly within 90° of the way to the border."""
    anywhere, spread = 360 * rng.random(len(tower)), 90 * jitter(rng, len(tower))
    to_border = [np.nan if p.border_bearing_deg is None else p.border_bearing_deg for p in fleet.places]
    centre = np.array(to_border)[fleet.site[tower]]
    return np.round(np.where(np.isnan(centre), anywhere, centre + spread) % 360, 1) % 360


def _seconds(micros: Ints, is_over: Bools) -> pl.Series:
    """Seconds of what is over, else null.

    Divided here, not in a polars expression: that one's last digit depends on the number of rows.
    """
    return pl.Series(np.where(is_over, micros / US_PER_SEC, np.nan)).fill_nan(None)
