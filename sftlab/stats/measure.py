"""What a coefficient hands to the code that resamples it."""

from dataclasses import dataclass

import numpy as np

from sftlab.stats.arrays import Bools
from sftlab.stats.intervals import Statistic
from sftlab.stats.ratings import Ratings
from sftlab.stats.reasons import Reason


@dataclass(frozen=True)
class Measure:
    """`statistic` maps weights (resamples × rows of the ratings) to values; None where `reason` rules it out."""

    statistic: Statistic | None
    n: int
    left_out: int
    reason: Reason | None = None
    standard_error: float | None = None


def missing(ratings: Ratings, reason: Reason) -> Measure:
    return Measure(None, 0, ratings.units, reason)


def units_in(ratings: Ratings, kept: Bools) -> int:
    return int(ratings.counts[kept].sum())


def measure(
    ratings: Ratings, kept: Bools, statistic: Statistic, *, undefined: Reason, standard_error: float | None = None
) -> Measure:
    """`undefined` is the reason given when the statistic is NaN on the data themselves."""
    n = units_in(ratings, kept)
    value = statistic(ratings.counts[None, :].astype(np.float64))[0]
    if np.isnan(value):
        return Measure(None, n, ratings.units - n, undefined)
    return Measure(statistic, n, ratings.units - n, standard_error=standard_error)
