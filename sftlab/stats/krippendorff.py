"""Krippendorff's alpha: 1 − observed / expected disagreement, over units with two or more ratings.

Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability". The ordinal metric is the squared difference of the
midranks that the pairable values have among themselves, so it is computed anew in every resample.
"""

import numpy as np

from sftlab.stats.arrays import Floats, ratio
from sftlab.stats.category_weights import ratio_distance
from sftlab.stats.intervals import Statistic
from sftlab.stats.measure import Measure, measure, missing
from sftlab.stats.ratings import Level, Ratings
from sftlab.stats.reasons import NEEDS_NUMBERS, NO_UNITS, NO_VARIANCE

FEW_CATEGORIES = 40
COLUMN_BLOCK = 500


def krippendorff_alpha(ratings: Ratings, level: Level) -> Measure:
    rated = ratings.ratings_per_unit >= 2
    if not rated.any():
        return missing(ratings, NO_UNITS)
    if level is not Level.NOMINAL and not ratings.is_numeric:
        return missing(ratings, NEEDS_NUMBERS)
    pairable = Ratings(np.where(rated[:, None], ratings.codes, -1), ratings.categories, ratings.counts)
    return measure(ratings, rated, _STATISTICS[level](pairable), undefined=NO_VARIANCE)


def _alpha(n: Floats, observed: Floats, expected: Floats) -> Floats:
    """`observed` sums each unit's disagreement over m − 1; `expected` sums that of all ordered pairs of values."""
    return 1 - (n - 1) * ratio(observed, expected)


def _nominal(ratings: Ratings) -> Statistic:
    m, counts = ratings.ratings_per_unit, ratings.incidence
    disagreement = _over(m**2 - ratings.squared_counts, m)

    def statistic(weights: Floats) -> Floats:
        sums = weights @ counts
        n = sums.sum(axis=1)
        return _alpha(n, weights @ disagreement, n**2 - (sums**2).sum(axis=1))

    return statistic


def _interval(ratings: Ratings) -> Statistic:
    m = ratings.ratings_per_unit
    centred = np.where(ratings.present, np.nan_to_num(ratings.values) - ratings.numbers.mean(), 0.0)
    total, squares = centred.sum(axis=1), (centred**2).sum(axis=1)
    features = np.column_stack([m, total, squares, _over(2 * (m * squares - total**2), m)])

    def statistic(weights: Floats) -> Floats:
        n, total, squares, observed = (weights @ features).T
        return _alpha(n, observed, 2 * (n * squares - total**2))

    return statistic


def _ratio(ratings: Ratings) -> Statistic:
    m, counts = ratings.ratings_per_unit, ratings.incidence
    observed = _over(_ratio_disagreement(ratings), m)

    def statistic(weights: Floats) -> Floats:
        sums = weights @ counts
        expected = np.zeros(len(sums))
        for start in range(0, sums.shape[1], COLUMN_BLOCK):
            columns = slice(start, start + COLUMN_BLOCK)
            distance = ratio_distance(ratings.numbers, ratings.numbers[columns])
            expected += np.einsum("bi,bi->b", sums @ distance, sums[:, columns])
        return _alpha(sums.sum(axis=1), weights @ observed, expected)

    return statistic


def _ratio_disagreement(ratings: Ratings) -> Floats:
    total: Floats = np.zeros(len(ratings.codes))
    for first in range(ratings.raters):
        a, b = ratings.values[:, [first]], ratings.values[:, first + 1 :]
        distance = ((a - b) / np.where(a + b == 0, 1.0, a + b)) ** 2
        total = total + 2 * np.nansum(distance, axis=1)
    return np.asarray(total)


def _ordinal(ratings: Ratings) -> Statistic:
    few = len(ratings.categories) <= FEW_CATEGORIES
    return _ordinal_by_coincidences(ratings) if few else _ordinal_by_ranks(ratings)


def _ordinal_by_coincidences(ratings: Ratings) -> Statistic:
    m, counts = ratings.ratings_per_unit, ratings.category_counts
    low, high = np.triu_indices(len(ratings.categories), k=1)
    coincidences = _over((2 * counts[:, low] * counts[:, high]).T, m).T

    def statistic(weights: Floats) -> Floats:
        sums = weights @ counts
        ranks = _midranks(sums)
        observed = ((weights @ coincidences) * (ranks[:, low] - ranks[:, high]) ** 2).sum(axis=1)
        return _alpha(sums.sum(axis=1), observed, _expected_rank_disagreement(sums, ranks))

    return statistic


def _ordinal_by_ranks(ratings: Ratings) -> Statistic:
    m, counts = ratings.ratings_per_unit, ratings.incidence

    def statistic(weights: Floats) -> Floats:
        sums = weights @ counts
        ranks = _midranks(sums)
        observed = np.array([w @ _over(_rank_disagreement(ratings, r), m) for w, r in zip(weights, ranks, strict=True)])
        return _alpha(sums.sum(axis=1), observed, _expected_rank_disagreement(sums, ranks))

    return statistic


def _rank_disagreement(ratings: Ratings, ranks: Floats) -> Floats:
    ranked = np.where(ratings.present, ranks[ratings.codes], 0.0)
    within: Floats = ratings.ratings_per_unit * (ranked**2).sum(axis=1) - ranked.sum(axis=1) ** 2
    return 2 * within


def _midranks(sums: Floats) -> Floats:
    """Centred, since only differences count."""
    ranks: Floats = sums.cumsum(axis=1) - sums / 2 - sums.sum(axis=1, keepdims=True) / 2
    return ranks


def _expected_rank_disagreement(sums: Floats, ranks: Floats) -> Floats:
    n = sums.sum(axis=1)
    expected: Floats = 2 * (n * (sums * ranks**2).sum(axis=1) - (sums * ranks).sum(axis=1) ** 2)
    return expected


def _over(disagreement: Floats, ratings_per_unit: Floats) -> Floats:
    return np.where(ratings_per_unit >= 2, disagreement / np.maximum(ratings_per_unit - 1, 1), 0.0)


_STATISTICS = {
    Level.NOMINAL: _nominal,
    Level.ORDINAL: _ordinal,
    Level.INTERVAL: _interval,
    Level.RATIO: _ratio,
}
