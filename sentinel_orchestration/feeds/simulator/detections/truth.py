"""Every effect planted in detections and alerts, as typed constants: what an analysis should find.

Hours are those of the fleet's operating clock, UTC (see fleet/truth.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sentinel_orchestration.feeds.simulator.streams import Duration

# ---- detections ----------------------------------------------------------------------------------
DETECTIONS_PER_TOWER_DAY_BORDER: Final = 1.95
DETECTIONS_PER_TOWER_DAY: Final = 0.56
DETECTION_FACTOR_IN_MAINTENANCE: Final = 0.15

AUTO_RESOLVE_CONFIDENCE: Final = 0.85  # and a known class; everything else goes to an operator


@dataclass(frozen=True)
class TargetClass:
    """A class of target: how common it is, how often wrong, and how surely and how far away it is seen.

    The confidence of a detection is floor + (ceiling - floor) * q ** exponent, with q uniform from 0 to 1. It is a false
    positive with probability 2 * (1 - q) * false_positive_share, so the doubtful ones are wrong most often.
    """

    share: float
    false_positive_share: float
    confidence_floor: float
    confidence_exponent: float
    nearest_m: float
    farthest_m: float


CONFIDENCE_CEILING: Final = 0.99
TARGET_CLASSES: Final[Mapping[str, TargetClass]] = {
    "human": TargetClass(0.46, 0.06, 0.45, 0.28, 60.0, 3200.0),
    "vehicle": TargetClass(0.26, 0.11, 0.45, 0.28, 120.0, 6500.0),
    "UAS": TargetClass(0.13, 0.27, 0.40, 0.43, 150.0, 5200.0),
    "unknown": TargetClass(0.15, 0.42, 0.20, 0.80, 100.0, 8000.0),
}

# ---- alerts --------------------------------------------------------------------------------------
OVERNIGHT_HOURS: Final = (22, 23, 0, 1, 2, 3, 4, 5)  # night shift 22:00–06:00, by the clock of the site
OVERNIGHT_ACK_FACTOR: Final = 3.0

DETECTION_TO_ALERT_SEC: Final = Duration(1.8, 0.35)
ALERT_TO_NOTIFY_SEC: Final = Duration(4.0, 0.40)
NOTIFY_TO_ACK_SEC: Final = Duration(55.0, 0.60)  # by day; OVERNIGHT_ACK_FACTOR times as long at night
ACK_TO_RESOLVE_SEC: Final = Duration(420.0, 0.70)
