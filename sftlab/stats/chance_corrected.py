"""Agreement over categories, raw and corrected for chance.

Sources: Cohen 1960 and 1968; Scott 1955; Fleiss 1971; Gwet 2008 ("Computing inter-rater reliability and its variance in
the presence of high agreement") and 2014 for weights, missing ratings and standard errors.
"""

from math import sqrt

import numpy as np

from sftlab.stats.arrays import Bools, Floats, ratio
from sftlab.stats.category_weights import CategoryWeights, identity
from sftlab.stats.measure import Measure, measure, missing
from sftlab.stats.ratings import Ratings
from sftlab.stats.reasons import NEEDS_TWO_RATERS, NO_UNITS, NO_VARIANCE, Reason, gettext_noop

MOST_CATEGORIES = 500


def percent_agreement(ratings: Ratings) -> Measure:
    """The share of agreeing pairs of ratings within a unit, averaged over units."""
    rated = ratings.ratings_per_unit >= 2
    if not rated.any():
        return missing(ratings, NO_UNITS)
    features = np.column_stack([rated, _pair_agreement(ratings, ratings.squared_counts)])

    def statistic(weights: Floats) -> Floats:
        sums = weights @ features
        return ratio(sums[:, 1], sums[:, 0])

    return measure(ratings, rated, statistic, undefined=NO_UNITS)


def cohen_kappa(ratings: Ratings, weights: CategoryWeights = identity) -> Measure:
    if ratings.raters != 2:
        return missing(ratings, NEEDS_TWO_RATERS)
    both = ratings.complete
    if reason := _unfit(ratings, both):
        return missing(ratings, reason)
    credit = weights(ratings)
    width = len(credit)
    first, second = np.where(both[:, None], ratings.codes, 0).T
    features = np.zeros((len(both), 2 + 2 * width))
    features[:, 0] = 1
    features[:, 1] = credit[first, second]
    features[np.arange(len(both)), 2 + first] = 1
    features[np.arange(len(both)), 2 + width + second] = 1
    features[~both] = 0

    def statistic(weights: Floats) -> Floats:
        sums = weights @ features
        shares = ratio(sums[:, 1:], sums[:, :1])
        expected = np.einsum("bi,ij,bj->b", shares[:, 1 : 1 + width], credit, shares[:, 1 + width :], optimize=True)
        return ratio(shares[:, 0] - expected, 1 - expected)

    error = _cohen_error(features, credit, ratings.counts.astype(np.float64))
    return measure(ratings, both, statistic, undefined=NO_VARIANCE, standard_error=error)


def scott_pi(ratings: Ratings) -> Measure:
    if ratings.raters != 2:
        return missing(ratings, NEEDS_TWO_RATERS)
    both = ratings.complete
    if reason := _unfit(ratings, both):
        return missing(ratings, reason)
    return _against_chance(ratings, identity(ratings), both, squared=True)


def fleiss_kappa(ratings: Ratings, weights: CategoryWeights = identity) -> Measure:
    """Fleiss 1971; with missing ratings or weights, Gwet's 2014 generalisation."""
    rated = ratings.ratings_per_unit >= 2
    if reason := _unfit(ratings, rated):
        return missing(ratings, reason)
    return _against_chance(ratings, weights(ratings), ratings.ratings_per_unit >= 1, squared=True)


def gwet_ac(ratings: Ratings, weights: CategoryWeights = identity) -> Measure:
    """AC1 without weights, AC2 with them."""
    rated = ratings.ratings_per_unit >= 2
    if reason := _unfit(ratings, rated):
        return missing(ratings, reason)
    return _against_chance(ratings, weights(ratings), ratings.ratings_per_unit >= 1, squared=False)


def fleiss_z(ratings: Ratings) -> float:
    """Fleiss' test of no agreement beyond chance (variance of Fleiss, Nee & Landis 1979). Complete tables only."""
    per_unit = ratings.ratings_per_unit
    raters = per_unit[0]
    if (per_unit != raters).any():
        raise ValueError("every unit needs the same number of ratings")
    units = ratings.units
    shares = ratings.counts @ ratings.category_counts / (units * raters)
    spread = shares * (1 - shares)
    variance = 2 / (spread.sum() ** 2 * units * raters * (raters - 1))
    variance *= spread.sum() ** 2 - (spread * (1 - 2 * shares)).sum()
    agreed = ratings.counts @ _pair_agreement(ratings, ratings.squared_counts) / units
    kappa = (agreed - (shares**2).sum()) / (1 - (shares**2).sum())
    return float(kappa / sqrt(variance))


def _unfit(ratings: Ratings, usable: Bools) -> Reason | None:
    if not usable.any():
        return NO_UNITS
    if len(ratings.categories) > MOST_CATEGORIES:
        return Reason(
            gettext_noop("Kappas treat every value as a category, and there are %(categories)d different values."),
            {"categories": len(ratings.categories)},
        )
    return None


def _pair_agreement(ratings: Ratings, credited: Floats) -> Floats:
    """Each unit's mean credit over its ordered pairs of ratings, 0 where there is no pair.

    `credited` sums the credit over all pairs, a rating with itself included.
    """
    m = ratings.ratings_per_unit
    pairs = m * (m - 1)
    return np.where(pairs > 0, (credited - m) / np.where(pairs > 0, pairs, 1), 0.0)


def _against_chance(ratings: Ratings, credit: Floats, used: Bools, *, squared: bool) -> Measure:
    """`squared`: chance agreement of Scott and Fleiss; else Gwet's."""
    m = ratings.ratings_per_unit
    rated = (m >= 2) & used
    shares = ratings.category_counts / np.maximum(m, 1)[:, None]
    credited = ((ratings.category_counts @ credit) * ratings.category_counts).sum(axis=1)
    features = np.column_stack([rated, _pair_agreement(ratings, credited), used, shares]) * used[:, None]
    width = len(credit)
    gwet_scale = credit.sum() / (width * (width - 1)) if width > 1 else np.inf

    def chance(shares: Floats) -> Floats:
        if squared:
            paired: Floats = np.einsum("bi,ij,bj->b", shares, credit, shares, optimize=True)
            return paired
        spread: Floats = (shares * (1 - shares)).sum(axis=1)
        return spread * gwet_scale if width > 1 else np.ones(len(shares))

    def statistic(weights: Floats) -> Floats:
        sums = weights @ features
        expected = chance(ratio(sums[:, 3:], sums[:, 2:3]))
        agreed = ratio(sums[:, 1], sums[:, 0])
        return ratio(agreed - expected, 1 - expected)

    return measure(
        ratings,
        rated,
        statistic,
        undefined=NO_VARIANCE,
        standard_error=_gwet_error(features, credit, ratings.counts.astype(np.float64), squared=squared),
    )


def _gwet_error(features: Floats, credit: Floats, counts: Floats, *, squared: bool) -> float | None:
    """Linearised over units: Gwet 2014, section 5.3, in an infinite population."""
    rated, agreed, used, shares = features[:, 0], features[:, 1], features[:, 2], features[:, 3:]
    n, width = counts @ used, len(credit)
    overall = counts @ shares / n
    if squared:
        unit_chance = shares @ (credit @ overall)
        expected = overall @ credit @ overall
    else:
        scale = credit.sum() / max(1, width * (width - 1))
        unit_chance = scale * shares @ (1 - overall)
        expected = scale * (overall * (1 - overall)).sum()
    if n < 2 or expected >= 1:
        return None
    paired = n / (counts @ rated)
    value = (counts @ agreed / (counts @ rated) - expected) / (1 - expected)
    unit_value = paired * (agreed - expected * rated) / (1 - expected)
    linear = unit_value - 2 * (1 - value) * (unit_chance - expected) / (1 - expected)
    return sqrt(float((counts * used) @ (linear - value) ** 2) / (n * (n - 1)))


def _cohen_error(features: Floats, credit: Floats, counts: Floats) -> float | None:
    """Fleiss, Cohen & Everitt 1969, "Large sample standard errors of kappa and weighted kappa"."""
    width = len(credit)
    n = counts @ features[:, 0]
    first, second = features[:, 2 : 2 + width], features[:, 2 + width :]
    row_shares, column_shares = counts @ first / n, counts @ second / n
    expected = row_shares @ credit @ column_shares
    if expected >= 1:
        return None
    value = (counts @ features[:, 1] / n - expected) / (1 - expected)
    margins = first @ (credit @ column_shares) + second @ (credit.T @ row_shares)
    spread = counts @ (features[:, 1] - margins * (1 - value)) ** 2 / n - (value - expected * (1 - value)) ** 2
    return sqrt(max(0.0, float(spread)) / n) / (1 - float(expected))
