"""The alert pipeline: how each escalated detection passes through the alert chain, and how fast operators react."""

from datetime import date, datetime

import numpy as np
import polars as pl

from sentinel_orchestration.feeds.simulator.clock import (
    US_PER_DAY,
    US_PER_HOUR,
    US_PER_MS,
    US_PER_SEC,
    last_day_before,
    moment_us,
    timestamps,
    timestamps_before,
    whole,
)
from sentinel_orchestration.feeds.simulator.detections import truth
from sentinel_orchestration.feeds.simulator.detections.detections import detected_on
from sentinel_orchestration.feeds.simulator.fleet.fleet import fleet_of
from sentinel_orchestration.feeds.simulator.streams import Bools, Ints, durations, stream
from sentinel_orchestration.feeds.simulator.world import World


def alert_pipeline(world: World, day: date, until: datetime) -> pl.DataFrame:
    """One row per escalated detection of one day before `until`, in order of time.

    On the newest day (that of the last hour before `until`) what operators do after `until` is still null. Earlier days
    are complete, so that they come out the same in every later build. Alerts and notifications, which every row has, can
    be a few seconds after `until`.
    """
    made, until_us = detected_on(world, day), moment_us(until)
    rng, count = stream(world.seed, "alert_pipeline", day), len(made.tower)
    fleet, hour = fleet_of(world), made.at_us % US_PER_DAY // US_PER_HOUR
    overnight = np.isin(fleet.local_hours(day)[hour, fleet.site[made.tower]], truth.OVERNIGHT_HOURS)
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


def _seconds(micros: Ints, is_over: Bools) -> pl.Series:
    """Seconds of what is over, else null.

    NumPy divides, not a Polars expression: there the last digit depends on the number of rows.
    """
    return pl.Series(np.where(is_over, micros / US_PER_SEC, np.nan)).fill_nan(None)
