"""Every agreement coefficient of a table of ratings, with bootstrap intervals.

They resample units, these raters being fixed; on request, and with ten raters or more, raters as well.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from sftlab.stats.arrays import Floats
from sftlab.stats.category_weights import FOR_LEVEL, linear, quadratic
from sftlab.stats.chance_corrected import cohen_kappa, fleiss_kappa, gwet_ac, percent_agreement, scott_pi
from sftlab.stats.icc import Case, icc
from sftlab.stats.intervals import percentile_interval, weight_blocks
from sftlab.stats.krippendorff import krippendorff_alpha
from sftlab.stats.measure import Measure, missing
from sftlab.stats.rank_agreement import kendall_w, mean_spearman
from sftlab.stats.rater_resampling import cannot_resample_raters, two_way_draws
from sftlab.stats.ratings import Level, Ratings
from sftlab.stats.reasons import NEEDS_NUMBERS, NO_SPREAD, ONE_UNIT, UNSTABLE, Reason

RESAMPLES = 1000
MOST_UNDEFINED = 0.05


@dataclass(frozen=True)
class Coefficient:
    """`value` None: undefined, and `reason` says why; `low` and `high` None: no interval, and `reason` says why.

    `n` and `left_out` count units. `standard_error` is the published large-sample one, where there is one. `resampled`
    says what the interval takes as a sample.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    left_out: int
    reason: Reason | None = None
    standard_error: float | None = None
    resampled: Literal["units", "units and raters"] = "units"


def agreement(
    ratings: Ratings,
    *,
    level: Level,
    resamples: int = RESAMPLES,
    seed: int = 0,
    confidence: float = 0.95,
    resample_raters: bool = False,
) -> dict[str, Coefficient]:
    """All coefficients share the resamples, so that they can be compared.

    `resample_raters` is for the coefficients named in `rater_resampling.COMPARED`, if there are ten raters.
    """
    rated = ratings.rows_where(ratings.ratings_per_unit > 0).collapsed()
    unrated = ratings.units - rated.units
    measures = {name: build(rated, level) for name, build in COEFFICIENTS.items()}
    draws = _draws(rated, measures, resamples, seed)
    found = {
        name: _coefficient(rated, measure, draws.get(name), unrated, confidence) for name, measure in measures.items()
    }
    if not resample_raters or resamples < 1:
        return found
    if reason := cannot_resample_raters(rated):
        return {name: _with_note(coefficient, reason) for name, coefficient in found.items()}
    two_way = two_way_draws(rated, level, resamples, seed)
    return {name: _two_way(found[name], two_way.get(name), confidence) for name in found}


def _draws(ratings: Ratings, measures: dict[str, Measure], resamples: int, seed: int) -> dict[str, Floats]:
    statistics = {name: measure.statistic for name, measure in measures.items() if measure.statistic is not None}
    if not statistics or resamples < 1:
        return {}
    blocks = [
        {name: statistic(weights) for name, statistic in statistics.items()}
        for weights in weight_blocks(ratings.counts, resamples, seed)
    ]
    return {name: np.concatenate([block[name] for block in blocks]) for name in statistics}


def _coefficient(
    ratings: Ratings, measure: Measure, draws: Floats | None, unrated: int, confidence: float
) -> Coefficient:
    left_out = measure.left_out + unrated
    if measure.statistic is None:
        return Coefficient(None, None, None, measure.n, left_out, measure.reason)
    value = float(measure.statistic(ratings.counts[None, :].astype(np.float64))[0])
    reason = None if draws is None else _no_interval(draws, measure.n)
    if draws is None or reason is not None:
        return Coefficient(value, None, None, measure.n, left_out, reason, measure.standard_error)
    interval = percentile_interval(draws[~np.isnan(draws)], confidence)
    return Coefficient(value, interval.low, interval.high, measure.n, left_out, None, measure.standard_error)


def _with_note(coefficient: Coefficient, reason: Reason) -> Coefficient:
    return replace(coefficient, reason=coefficient.reason or reason)


def _two_way(coefficient: Coefficient, draws: Floats | None, confidence: float) -> Coefficient:
    if draws is None or coefficient.value is None:
        return coefficient
    reason = _no_interval(draws, coefficient.n)
    if reason is not None:
        return replace(coefficient, low=None, high=None, reason=reason, resampled="units and raters")
    interval = percentile_interval(draws[~np.isnan(draws)], confidence)
    return replace(coefficient, low=interval.low, high=interval.high, reason=None, resampled="units and raters")


def _no_interval(draws: Floats, n: int) -> Reason | None:
    if n < 2:
        return ONE_UNIT
    defined = draws[~np.isnan(draws)]
    if len(defined) < (1 - MOST_UNDEFINED) * len(draws):
        return UNSTABLE
    return NO_SPREAD if np.ptp(defined) < 1e-12 else None


def _with_numbers(build: Callable[[Ratings, Level], Measure]) -> Callable[[Ratings, Level], Measure]:
    def checked(ratings: Ratings, level: Level) -> Measure:
        if level is Level.NOMINAL:
            return missing(ratings, NEEDS_NUMBERS)
        return build(ratings, level)

    return checked


def _icc(case: Case, *, mean_of_raters: bool) -> Callable[[Ratings, Level], Measure]:
    return _with_numbers(lambda ratings, level: icc(ratings, case, mean_of_raters=mean_of_raters))


COEFFICIENTS: dict[str, Callable[[Ratings, Level], Measure]] = {
    "percent_agreement": lambda ratings, level: percent_agreement(ratings),
    "cohen_kappa": lambda ratings, level: cohen_kappa(ratings),
    "cohen_kappa_linear": _with_numbers(lambda r, level: cohen_kappa(r, linear)),
    "cohen_kappa_quadratic": _with_numbers(lambda r, level: cohen_kappa(r, quadratic)),
    "scott_pi": lambda ratings, level: scott_pi(ratings),
    "fleiss_kappa": lambda ratings, level: fleiss_kappa(ratings),
    "gwet_ac1": lambda ratings, level: gwet_ac(ratings),
    "gwet_ac2": _with_numbers(lambda r, level: gwet_ac(r, FOR_LEVEL[level])),
    "krippendorff_alpha": krippendorff_alpha,
    "icc_1_1": _icc(Case.ONE_WAY, mean_of_raters=False),
    "icc_2_1": _icc(Case.RANDOM_RATERS, mean_of_raters=False),
    "icc_3_1": _icc(Case.FIXED_RATERS, mean_of_raters=False),
    "icc_1_k": _icc(Case.ONE_WAY, mean_of_raters=True),
    "icc_2_k": _icc(Case.RANDOM_RATERS, mean_of_raters=True),
    "icc_3_k": _icc(Case.FIXED_RATERS, mean_of_raters=True),
    "kendall_w": _with_numbers(lambda ratings, level: kendall_w(ratings)),
    "mean_spearman": _with_numbers(lambda ratings, level: mean_spearman(ratings)),
}
