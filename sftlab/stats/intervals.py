"""Intervals: Wilson's for a share, and the bootstrap over units for everything else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.special import ndtri

from sftlab.stats.arrays import Floats, Ints

Statistic = Callable[[Floats], Floats]
"""Weights (resamples × rows) → one value for each resample, NaN where it is undefined."""

BLOCK_CELLS = 2_000_000


@dataclass(frozen=True)
class Interval:
    low: float
    high: float


def normal_quantile(confidence: float) -> float:
    return float(ndtri(0.5 + confidence / 2))


def wilson(successes: int, trials: int, *, confidence: float = 0.95) -> Interval:
    """Wilson 1927, "Probable inference, the law of succession, and statistical inference"."""
    if not 0 <= successes <= trials:
        raise ValueError("successes must lie between 0 and trials")
    if trials == 0:
        return Interval(0.0, 1.0)
    z2 = normal_quantile(confidence) ** 2
    share = successes / trials
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = sqrt(z2 * (share * (1 - share) / trials + z2 / (4 * trials**2))) / (1 + z2 / trials)
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == trials else centre + half
    return Interval(low, high)


def resampled_counts(counts: Ints, resamples: int, rng: np.random.Generator) -> Floats:
    """How often each row is drawn when as many units as `counts` sums to are drawn with replacement.

    A row stands for `counts[row]` identical units.
    """
    units = int(counts.sum())
    if 4 * len(counts) < units:
        return rng.multinomial(units, counts / units, size=resamples).astype(np.float64)
    owner = np.repeat(np.arange(len(counts)), counts)
    drawn = owner[rng.integers(0, units, size=(resamples, units), dtype=np.int64)]
    drawn += len(counts) * np.arange(resamples)[:, None]
    return np.bincount(drawn.ravel(), minlength=resamples * len(counts)).reshape(resamples, -1).astype(np.float64)


def weight_blocks(counts: Ints, resamples: int, seed: int) -> Iterator[Floats]:
    rng = np.random.default_rng(seed)
    block = max(1, BLOCK_CELLS // max(1, int(counts.sum())))
    for start in range(0, resamples, block):
        yield resampled_counts(counts, min(block, resamples - start), rng)


def percentile_interval(draws: Floats, confidence: float = 0.95) -> Interval:
    tail = 50 * (1 - confidence)
    low, high = np.percentile(draws, [tail, 100 - tail])
    return Interval(float(low), float(high))
