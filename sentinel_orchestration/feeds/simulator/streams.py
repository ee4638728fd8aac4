"""Random numbers by name: the same name gives the same numbers, whatever else was drawn before.

Belongs here: counter-based generators, and the shapes of noise that several generators use. All shapes are
made from uniform numbers, a fixed number of draws a value. Does not belong here: what the numbers mean.
"""

import hashlib
from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

from sentinel_orchestration.feeds.simulator.truth import MAX_SIGMAS, Duration

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def stream(seed: int, *name: str | int | date) -> np.random.Generator:
    """A Philox generator whose 128-bit key is a hash of the seed and the name."""
    text = "/".join(str(part) for part in (seed, *name))
    key = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "big")
    return np.random.Generator(np.random.Philox(key=key))


def jitter(rng: np.random.Generator, shape: int | tuple[int, ...]) -> Floats:
    """Triangular noise on -1–1, standard deviation 0.41: plain arithmetic, so equal on every processor."""
    noise = rng.random(shape)
    noise += rng.random(shape)
    noise -= 1.0
    return noise


def choose(rng: np.random.Generator, count: int, shares: Sequence[float]) -> Ints:
    """`count` indices into `shares`, drawn with those shares."""
    return by_share(rng.random(count), shares)


def by_share(position: Floats, shares: Sequence[float]) -> Ints:
    """For positions on 0–1, the index of the share each falls into."""
    bounds = np.cumsum(np.asarray(shares, dtype=np.float64))
    return np.minimum(np.searchsorted(bounds / bounds[-1], position, side="right"), len(shares) - 1)


def durations(rng: np.random.Generator, count: int, duration: Duration) -> Floats:
    """`count` log-normal durations, in the unit of the duration's median."""
    sigmas = np.clip(_normal(rng, count), -MAX_SIGMAS, MAX_SIGMAS)
    return duration.median * np.exp(duration.sigma * sigmas)


def spread(rng: np.random.Generator, count: int) -> Floats:
    """Positions on 0–1 in random order but evenly apart, so that every part of the range gets its share."""
    return (np.argsort(np.argsort(rng.random(count), kind="stable")) + 0.5) / count


def _normal(rng: np.random.Generator, count: int) -> Floats:
    """Standard normal numbers by Box and Muller."""
    radius = np.sqrt(-2 * np.log1p(-rng.random(count)))
    return np.asarray(radius * np.cos(2 * np.pi * rng.random(count)))
