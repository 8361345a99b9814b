"""Agreement of orderings: Kendall's W (Kendall & Babington Smith 1939, corrected for ties) and mean pairwise Spearman.

Both rank the units anew in every resample, with midranks for ties.
"""

from itertools import combinations

import numpy as np

from sftlab.stats.arrays import Bools, Floats, Ints, ratio
from sftlab.stats.intervals import Statistic
from sftlab.stats.measure import Measure, measure, missing
from sftlab.stats.ratings import Ratings
from sftlab.stats.reasons import NEEDS_NUMBERS, NO_COMPLETE_UNITS, NO_UNITS, UNDEFINED


def kendall_w(ratings: Ratings) -> Measure:
    if not ratings.is_numeric:
        return missing(ratings, NEEDS_NUMBERS)
    complete = ratings.complete
    if ratings.raters < 2 or ratings.counts[complete].sum() < 2:
        return missing(ratings, NO_COMPLETE_UNITS)
    return measure(ratings, complete, _concordance(ratings.codes[complete], complete), undefined=UNDEFINED)


def _concordance(codes: Ints, complete: Bools) -> Statistic:
    raters = codes.shape[1]
    columns = [_Column(column) for column in codes.T]

    def statistic(weights: Floats) -> Floats:
        kept = weights[:, complete]
        n = kept.sum(axis=1)
        total = np.zeros_like(kept)
        ties = np.zeros(len(kept))
        for column in columns:
            counts = column.counts(kept)
            total += _midranks(counts)[:, column.codes]
            ties += (counts**3 - counts).sum(axis=1)
        spread = (kept * (total - raters * (n[:, None] + 1) / 2) ** 2).sum(axis=1)
        return ratio(12 * spread, raters**2 * (n**3 - n) - raters * ties)

    return statistic


def mean_spearman(ratings: Ratings) -> Measure:
    """Over the pairs of raters that share at least two units; a pair without variance is left out of the mean."""
    if not ratings.is_numeric:
        return missing(ratings, NEEDS_NUMBERS)
    present = ratings.present
    pairs = [
        (first, second, shared)
        for first, second in combinations(range(ratings.raters), 2)
        if ratings.counts[shared := present[:, first] & present[:, second]].sum() >= 2
    ]
    if not pairs:
        return missing(ratings, NO_UNITS)
    parts = [_spearman(ratings.codes[shared][:, [a, b]], shared) for a, b, shared in pairs]

    def statistic(weights: Floats) -> Floats:
        correlations = np.array([part(weights) for part in parts])
        defined = ~np.isnan(correlations)
        return ratio(np.where(defined, correlations, 0.0).sum(axis=0), defined.sum(axis=0).astype(np.float64))

    used = np.logical_or.reduce([shared for _, _, shared in pairs])
    return measure(ratings, used, statistic, undefined=UNDEFINED)


def _spearman(codes: Ints, shared: Bools) -> Statistic:
    columns = [_Column(column) for column in codes.T]

    def statistic(weights: Floats) -> Floats:
        kept = weights[:, shared]
        n = kept.sum(axis=1, keepdims=True)
        first, second = (_midranks(column.counts(kept))[:, column.codes] - (n + 1) / 2 for column in columns)
        product = (kept * first * second).sum(axis=1)
        return ratio(product, np.sqrt((kept * first**2).sum(axis=1) * (kept * second**2).sum(axis=1)))

    return statistic


class _Column:
    """One rater's ratings, coded by the values that this rater used."""

    def __init__(self, ratings: Ints) -> None:
        self._order = np.argsort(ratings, kind="stable")
        _, self._starts = np.unique(ratings[self._order], return_index=True)
        self.codes = np.unique(ratings, return_inverse=True)[1]

    def counts(self, weights: Floats) -> Floats:
        """Resamples × this rater's values: how many units got each."""
        counts: Floats = np.add.reduceat(weights[:, self._order], self._starts, axis=1)
        return counts


def _midranks(counts: Floats) -> Floats:
    ranks: Floats = counts.cumsum(axis=1) - (counts - 1) / 2
    return ranks
