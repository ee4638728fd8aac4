"""Random numbers by name: the same name gives the same numbers, whatever else was drawn before.

Also the shapes of noise that several generators use. All of them are made from uniform numbers, with a fixed number of
draws per value.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MAX_SIGMAS: Final = 3.5


@dataclass(frozen=True)
class Duration:
    """A log-normal duration, cut off at `MAX_SIGMAS` on either side of its median."""

    median: float
    sigma: float

    @property
    def longest(self) -> float:
        """The longest possible duration, in the unit of the median."""
        return self.median * math.exp(MAX_SIGMAS * self.sigma)


def stream(seed: int, *name: str | int | date) -> np.random.Generator:
    """A Philox generator whose 128-bit key is a hash of the seed and the name."""
    text = "/".join(str(part) for part in (seed, *name))
    key = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "big")
    return np.random.Generator(np.random.Philox(key=key))


def jitter(rng: np.random.Generator, shape: int | tuple[int, ...]) -> Floats:
    """Triangular noise from -1 to 1, standard deviation 0.41: plain arithmetic, so the same on every processor."""
    noise = rng.random(shape)
    noise += rng.random(shape)
    noise -= 1.0
    return noise


def choose(rng: np.random.Generator, count: int, shares: Sequence[float]) -> Ints:
    """`count` indices into `shares`, drawn with those shares."""
    return by_share(rng.random(count), shares)


def by_share(position: Floats, shares: Sequence[float]) -> Ints:
    """For positions from 0 to 1, the index of the share that each falls into."""
    bounds = np.cumsum(np.asarray(shares, dtype=np.float64))
    return np.minimum(np.searchsorted(bounds / bounds[-1], position, side="right"), len(shares) - 1)


def durations(rng: np.random.Generator, count: int, duration: Duration) -> Floats:
    """`count` log-normal durations, in the unit of the duration's median."""
    sigmas = np.clip(_normal(rng, count), -MAX_SIGMAS, MAX_SIGMAS)
    return duration.median * np.exp(duration.sigma * sigmas)


def spread(rng: np.random.Generator, count: int) -> Floats:
    """Positions from 0 to 1 in random order but evenly spaced, so that every part of the range gets its share."""
    return (np.argsort(np.argsort(rng.random(count), kind="stable")) + 0.5) / count


def _normal(rng: np.random.Generator, count: int) -> Floats:
    """Standard normal numbers by the Box–Muller transform."""
    radius = np.sqrt(-2 * np.log1p(-rng.random(count)))
    return np.asarray(radius * np.cos(2 * np.pi * rng.random(count)))
