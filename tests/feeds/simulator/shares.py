"""Whether an observed share is the planted one."""

import math

SIGMAS = 4.5  # standard errors that it may be off


def assert_share(hits: int, trials: int, share: float) -> None:
    error = math.sqrt(share * (1 - share) / trials)
    assert abs(hits / trials - share) < SIGMAS * error, f"{hits} of {trials} against {share}"
