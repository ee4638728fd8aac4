"""Whether a share that was observed is the one that was planted."""

import math

SIGMAS = 4.5  # standard errors it may be off


def assert_share(hits: int, trials: int, share: float) -> None:
    error = math.sqrt(share * (1 - share) / trials)
    assert abs(hits / trials - share) < SIGMAS * error, f"{hits} of {trials} against {share}"
