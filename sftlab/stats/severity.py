"""Scores on a scale, adjusted for who happened to rate what.

A mixed model: score = system + rater + item + error, raters and items random, fitted by restricted maximum likelihood
(Patterson & Thompson 1971) with items absorbed into the equations of Henderson 1975. The scale is taken as it is: steps
of equal size. Intervals of the systems' means do not rest on that model: they cluster the residuals by rater and by
item (Cameron, Gelbach & Miller 2011), so they also hold when raters differ in taste and systems in luck with an item.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize
from scipy.stats import t as student

from sftlab.stats.arrays import Floats, Ints
from sftlab.stats.intervals import normal_quantile
from sftlab.stats.reasons import Reason, gettext_noop
from sftlab.stats.vote_covariance import crossed, degrees_of_freedom

SMALLEST_RATIO, LARGEST_RATIO = 1e-6, 1e4

TOO_FEW = Reason(gettext_noop("Adjusting for raters needs at least two raters and two items."))
NO_SPREAD = Reason(gettext_noop("All scores are the same, so there is nothing to adjust."))


@dataclass(frozen=True)
class AdjustedMean:
    """`mean` is what the average rater would give on the average item; `raw` the plain mean."""

    system: str
    mean: float
    low: float
    high: float
    raw: float
    n: int


@dataclass(frozen=True)
class RaterSeverity:
    """How far below the average rater this one scores; shrunk towards 0 the less the rater rated."""

    rater: str
    severity: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class SeverityAdjusted:
    systems: tuple[AdjustedMean, ...] = ()
    raters: tuple[RaterSeverity, ...] = ()
    rater_deviation: float | None = None
    item_deviation: float | None = None
    error_deviation: float | None = None
    reason: Reason | None = None


@dataclass(frozen=True)
class Scores:
    """One entry for each score."""

    systems: tuple[str, ...]
    raters: tuple[str, ...]
    system: Ints
    rater: Ints
    item: Ints
    values: Floats
    items: int

    @classmethod
    def from_columns(
        cls, systems: Sequence[str], raters: Sequence[str], items: Sequence[str], values: Sequence[float]
    ) -> "Scores":
        system_names, system = np.unique(np.asarray(systems, dtype=object), return_inverse=True)
        rater_names, rater = np.unique(np.asarray(raters, dtype=object), return_inverse=True)
        item_names, item = np.unique(np.asarray(items, dtype=object), return_inverse=True)
        numbers = np.asarray(values, dtype=np.float64)
        return cls(tuple(system_names), tuple(rater_names), system, rater, item, numbers, len(item_names))


def severity_adjusted(scores: Scores, *, confidence: float = 0.95) -> SeverityAdjusted:
    if len(scores.raters) < 2 or scores.items < 2:
        return SeverityAdjusted(reason=TOO_FEW)
    if np.ptp(scores.values) == 0:
        return SeverityAdjusted(reason=NO_SPREAD)
    model = _Mixed(scores)
    ratios = model.best_ratios()
    solution = model.solve(ratios)
    error = model.error_variance(solution)
    return SeverityAdjusted(
        _means(scores, model, solution, confidence),
        _severities(scores, solution, error, confidence),
        sqrt(error / ratios[0]),
        sqrt(error / ratios[1]),
        sqrt(error),
    )


@dataclass(frozen=True)
class _Solution:
    """`fixed_and_raters` and `items` solve the equations; `inverse` is that of the equations with items absorbed."""

    ratios: Floats
    fixed_and_raters: Floats
    items: Floats
    inverse: Floats
    log_determinant: float
    explained: float


class _Mixed:
    """Henderson's equations for systems (fixed), raters and items; ratios are error variance over theirs."""

    def __init__(self, scores: Scores) -> None:
        self.scores = scores
        self.systems, self.raters = len(scores.systems), len(scores.raters)
        width = self.systems + self.raters
        self._columns = np.column_stack([scores.system, self.systems + scores.rater])
        self._cross = np.zeros((width, width))
        for a in self._columns.T:
            for b in self._columns.T:
                np.add.at(self._cross, (a, b), 1)
        self._by_item = np.zeros((scores.items, width))
        for column in self._columns.T:
            np.add.at(self._by_item, (scores.item, column), 1)
        self._item_counts = np.bincount(scores.item, minlength=scores.items).astype(np.float64)
        self._right = sum(
            np.bincount(column, weights=scores.values, minlength=width) for column in self._columns.T
        ) + np.zeros(width)
        self._item_totals = np.bincount(scores.item, weights=scores.values, minlength=scores.items)

    def solve(self, ratios: Floats) -> _Solution:
        right, item_totals = self._right, self._item_totals
        absorbed = 1 / (self._item_counts + ratios[1])
        matrix = self._cross - self._by_item.T @ (self._by_item * absorbed[:, None])
        matrix[np.diag_indices_from(matrix)] += np.repeat([0.0, ratios[0]], [self.systems, self.raters])
        factor = cho_factor(matrix)
        reduced = right - self._by_item.T @ (absorbed * item_totals)
        inverse = cho_solve(factor, np.eye(len(matrix)))
        main = inverse @ reduced
        items = absorbed * (item_totals - self._by_item @ main)
        log_determinant = 2 * np.log(np.diag(factor[0])).sum() - np.log(absorbed).sum()
        return _Solution(ratios, main, items, inverse, log_determinant, float(main @ right + items @ item_totals))

    def best_ratios(self) -> Floats:
        start = np.log([4.0, 4.0])
        bounds = [(float(np.log(SMALLEST_RATIO)), float(np.log(LARGEST_RATIO)))] * 2
        best = minimize(self._deviance, start, bounds=bounds, method="L-BFGS-B")
        return np.asarray(np.exp(best.x))

    def error_variance(self, solution: _Solution) -> float:
        values = self.scores.values
        return max(float(values @ values) - solution.explained, 1e-12) / (len(values) - self.systems)

    def _deviance(self, log_ratios: Floats) -> float:
        """−2 × restricted log likelihood, the error variance profiled out."""
        ratios = np.exp(log_ratios)
        solution = self.solve(ratios)
        free = len(self.scores.values) - self.systems
        random = self.raters * np.log(ratios[0]) + self.scores.items * np.log(ratios[1])
        return float(free * np.log(self.error_variance(solution)) + solution.log_determinant - random)

    def influence(self, solution: _Solution) -> Floats:
        """Scores × systems: how much each score weighs in each system's mean."""
        basis = np.zeros((self.systems + self.raters, self.systems))
        basis[: self.systems] = np.eye(self.systems)
        main = solution.inverse @ basis
        items = -(self._by_item @ main) / (self._item_counts + solution.ratios[1])[:, None]
        influence: Floats = main[self._columns].sum(axis=1) + items[self.scores.item]
        return influence


def _means(scores: Scores, model: _Mixed, solution: _Solution, confidence: float) -> tuple[AdjustedMean, ...]:
    means = solution.fixed_and_raters[: len(scores.systems)]
    moved = model.influence(solution) * (scores.values - means[scores.system])[:, None]
    both = crossed(scores.rater, scores.item)
    variance = sum(_clustered(moved, codes) for codes in (scores.rater, scores.item)) - _clustered(moved, both)
    variance = np.maximum(variance, _clustered(moved, both))
    critical = student.ppf(0.5 + confidence / 2, degrees_of_freedom([scores.rater, scores.item]))
    n = np.bincount(scores.system, minlength=len(means))
    raw = np.bincount(scores.system, weights=scores.values, minlength=len(means)) / n
    return tuple(
        AdjustedMean(name, float(mean), float(mean - error), float(mean + error), float(plain), int(count))
        for name, mean, error, plain, count in zip(
            scores.systems, means, critical * np.sqrt(variance), raw, n, strict=True
        )
    )


def _clustered(moved: Floats, clusters: Ints) -> Floats:
    """Per system, the sum over clusters of the squared sum of what the cluster's scores contribute."""
    labels = np.unique(clusters, return_inverse=True)[1]
    groups = int(labels.max()) + 1
    sums = np.column_stack([np.bincount(labels, weights=column, minlength=groups) for column in moved.T])
    clustered: Floats = (sums**2).sum(axis=0) * groups / max(1, groups - 1)
    return clustered


def _severities(scores: Scores, solution: _Solution, error: float, confidence: float) -> tuple[RaterSeverity, ...]:
    width = len(scores.systems)
    severities = -solution.fixed_and_raters[width:]
    errors = normal_quantile(confidence) * np.sqrt(error * np.diag(solution.inverse)[width:])
    n = np.bincount(scores.rater, minlength=len(severities))
    return tuple(
        RaterSeverity(name, float(value), float(value - half), float(value + half), int(count))
        for name, value, half, count in zip(scores.raters, severities, errors, n, strict=True)
    )
