"""Agreement when the raters, too, are a sample: units and raters are drawn, and the coefficient is computed anew.

A rater drawn twice is still one rater: two copies are never compared with each other, which would count as agreement.
With few raters such intervals are too narrow, so there must be ten.
"""

from collections.abc import Callable, Iterator

import numpy as np

from sftlab.stats.arrays import Floats
from sftlab.stats.category_weights import ratio_distance
from sftlab.stats.ratings import Level, Ratings
from sftlab.stats.reasons import Reason, gettext_noop

FEWEST_RATERS = 10
MOST_CATEGORIES = 40
COMPARED = ("percent_agreement", "fleiss_kappa", "gwet_ac1", "krippendorff_alpha")
TOO_FEW_RATERS = Reason(
    gettext_noop("Resampling raters needs at least ten of them; this interval resamples units only.")
)
TOO_MANY_VALUES = Reason(
    gettext_noop("Resampling raters is done for at most forty different values; this interval resamples units only.")
)


def cannot_resample_raters(ratings: Ratings) -> Reason | None:
    if ratings.raters < FEWEST_RATERS:
        return TOO_FEW_RATERS
    return TOO_MANY_VALUES if len(ratings.categories) > MOST_CATEGORIES else None


def two_way_draws(ratings: Ratings, level: Level, resamples: int, seed: int) -> dict[str, Floats]:
    """Draws of the coefficients that compare raters pair by pair, by name."""
    draws = np.array([_coefficients(*tables, ratings, level) for tables in _resampled(ratings, resamples, seed)])
    return dict(zip(COMPARED, draws.T, strict=True))


def _resampled(ratings: Ratings, resamples: int, seed: int) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Weights of units; units × categories over the drawn raters; how many pairs are a rater with itself."""
    rng = np.random.default_rng(seed)
    raters = ratings.raters
    chosen = np.eye(len(ratings.categories) + 1)[ratings.codes][:, :, :-1]
    for _ in range(resamples):
        weights = rng.multinomial(ratings.units, ratings.counts / ratings.units).astype(np.float64)
        drawn = rng.multinomial(raters, np.full(raters, 1 / raters)).astype(np.float64)
        yield weights, np.tensordot(chosen, drawn, axes=(1, 0)), ratings.present @ drawn**2


def _coefficients(
    weights: Floats, counts: Floats, with_self: Floats, ratings: Ratings, level: Level
) -> tuple[float, float, float, float]:
    """NaN where undefined."""
    m = counts.sum(axis=1)
    pairs = m**2 - with_self
    paired = weights * (pairs > 0)
    per_pair = 1 / np.maximum(pairs, 1)
    rated = weights * (m > 0)
    if not paired.any():
        return (np.nan,) * 4
    agreed = paired @ (((counts**2).sum(axis=1) - with_self) * per_pair) / paired.sum()
    shares = rated @ (counts / np.maximum(m, 1)[:, None]) / rated.sum()
    pooled = paired @ counts
    distance = _DISTANCES[level](ratings, pooled)
    observed = paired @ (m * per_pair * ((counts @ distance) * counts).sum(axis=1))
    alpha = 1 - (pooled.sum() - 1) * _share(observed, pooled @ distance @ pooled)
    gwet = (shares * (1 - shares)).sum() / max(1, len(shares) - 1)
    return agreed, _beyond(agreed, (shares**2).sum()), _beyond(agreed, gwet), alpha


def _beyond(agreed: float, expected: float) -> float:
    return _share(agreed - expected, 1 - expected)


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 1e-12 else np.nan


def _unequal(ratings: Ratings, pooled: Floats) -> Floats:
    return 1 - np.eye(len(pooled))


def _rank_distance(ratings: Ratings, pooled: Floats) -> Floats:
    ranks = pooled.cumsum() - pooled / 2
    squared: Floats = np.subtract.outer(ranks, ranks) ** 2
    return squared


def _squared(ratings: Ratings, pooled: Floats) -> Floats:
    squared: Floats = np.subtract.outer(ratings.numbers, ratings.numbers) ** 2
    return squared


_DISTANCES: dict[Level, Callable[[Ratings, Floats], Floats]] = {
    Level.NOMINAL: _unequal,
    Level.ORDINAL: _rank_distance,
    Level.INTERVAL: _squared,
    Level.RATIO: lambda ratings, pooled: ratio_distance(ratings.numbers, ratings.numbers),
}
