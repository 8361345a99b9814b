"""Intraclass correlations of Shrout & Fleiss 1979, "Intraclass correlations: uses in assessing rater reliability".

Case 1 (each unit has raters of its own) also takes units with unequal numbers of ratings, by the one-way analysis of
variance for unbalanced groups (Donner 1986). Cases 2 and 3 need every rater on every unit: other units are left out.
"""

from enum import StrEnum

import numpy as np

from sftlab.stats.arrays import Floats, ratio
from sftlab.stats.intervals import Statistic
from sftlab.stats.measure import Measure, measure, missing
from sftlab.stats.ratings import Ratings
from sftlab.stats.reasons import NEEDS_NUMBERS, NO_COMPLETE_UNITS, NO_UNITS, UNDEFINED


class Case(StrEnum):
    ONE_WAY = "1"
    RANDOM_RATERS = "2"
    FIXED_RATERS = "3"


def icc(ratings: Ratings, case: Case, *, mean_of_raters: bool) -> Measure:
    """`mean_of_raters`: the reliability of the mean rating (ICC(·,k)) rather than of one rating (ICC(·,1))."""
    if not ratings.is_numeric:
        return missing(ratings, NEEDS_NUMBERS)
    one_way = case is Case.ONE_WAY
    kept = ratings.ratings_per_unit >= 2 if one_way else ratings.complete
    if ratings.raters < 2 or ratings.counts[kept].sum() < 2:
        return missing(ratings, NO_UNITS if one_way else NO_COMPLETE_UNITS)
    centred = np.where(ratings.present & kept[:, None], ratings.values - ratings.numbers.mean(), 0.0)
    if one_way:
        statistic = _one_way(centred, np.where(kept, ratings.ratings_per_unit, 0.0), mean_of_raters)
    else:
        statistic = _two_way(centred, kept.astype(np.float64), case, mean_of_raters)
    return measure(ratings, kept, statistic, undefined=UNDEFINED)


def _one_way(values: Floats, m: Floats, mean_of_raters: bool) -> Statistic:
    total = values.sum(axis=1)
    features = np.column_stack(
        [m > 0, m, m**2, total, total**2 / np.maximum(m, 1), (values**2).sum(axis=1)],
    )

    def statistic(weights: Floats) -> Floats:
        units, n, m_squared, total, between, squares = (weights @ features).T
        mean_between = ratio(between - ratio(total**2, n), units - 1)
        mean_within = ratio(squares - between, n - units)
        size = ratio(n - ratio(m_squared, n), units - 1)
        if mean_of_raters:
            return ratio(mean_between - mean_within, mean_between)
        return ratio(mean_between - mean_within, mean_between + (size - 1) * mean_within)

    return statistic


def _two_way(values: Floats, kept: Floats, case: Case, mean_of_raters: bool) -> Statistic:
    k = values.shape[1]
    features = np.column_stack([kept, values.sum(axis=1) ** 2, (values**2).sum(axis=1), values])

    def statistic(weights: Floats) -> Floats:
        sums = weights @ features
        n, rows, squares, columns = sums[:, 0], sums[:, 1], sums[:, 2], sums[:, 3:]
        correction = ratio(columns.sum(axis=1) ** 2, n * k)
        between_units = rows / k - correction
        between_raters = ratio((columns**2).sum(axis=1), n) - correction
        units = ratio(between_units, n - 1)
        raters = between_raters / (k - 1)
        error = ratio(squares - correction - between_units - between_raters, (n - 1) * (k - 1))
        if case is Case.FIXED_RATERS:
            return ratio(units - error, units if mean_of_raters else units + (k - 1) * error)
        if mean_of_raters:
            return ratio(units - error, units + ratio(raters - error, n))
        return ratio(units - error, units + (k - 1) * error + k * ratio(raters - error, n))

    return statistic
