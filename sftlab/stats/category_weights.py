"""How much credit two unequal categories get: categories × categories, 1 on the diagonal.

Gwet 2014, "Handbook of Inter-Rater Reliability", 4th ed., section 3.5. Linear and quadratic are Cohen's.
"""

from collections.abc import Callable

import numpy as np

from sftlab.stats.arrays import Floats
from sftlab.stats.ratings import Level, Ratings

CategoryWeights = Callable[[Ratings], Floats]


def identity(ratings: Ratings) -> Floats:
    return np.eye(len(ratings.categories))


def linear(ratings: Ratings) -> Floats:
    return _credit(np.abs(np.subtract.outer(ratings.numbers, ratings.numbers)))


def quadratic(ratings: Ratings) -> Floats:
    return _credit(np.subtract.outer(ratings.numbers, ratings.numbers) ** 2)


def ordinal(ratings: Ratings) -> Floats:
    ranks = np.arange(len(ratings.categories), dtype=np.float64)
    steps = np.abs(np.subtract.outer(ranks, ranks))
    return _credit(steps * (steps + 1) / 2)


def ratio_scaled(ratings: Ratings) -> Floats:
    return _credit(ratio_distance(ratings.numbers, ratings.numbers))


FOR_LEVEL: dict[Level, CategoryWeights] = {
    Level.ORDINAL: ordinal,
    Level.INTERVAL: quadratic,
    Level.RATIO: ratio_scaled,
}


def ratio_distance(rows: Floats, columns: Floats) -> Floats:
    """((a − b) / (a + b))², 0 for two zeros."""
    total = np.add.outer(rows, columns)
    distance: Floats = (np.subtract.outer(rows, columns) / np.where(total == 0, 1.0, total)) ** 2
    return distance


def _credit(distance: Floats) -> Floats:
    largest = distance.max(initial=0.0)
    return np.ones_like(distance) if largest == 0 else 1 - distance / largest
