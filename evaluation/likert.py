"""The mean of scores that share raters and items, with an interval that says so. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

Point = tuple[float, str, str]
"""A score, its rater and its item."""


@dataclass(frozen=True)
class Mean:
    mean: float | None
    low: float | None
    high: float | None


def mean_with_interval(points: Sequence[Point], *, confidence: float = 0.95) -> Mean:
    """Two-way clustered variance of a mean (Cameron, Gelbach & Miller 2011): by rater plus by item less by both.

    The t distribution has the smaller number of clusters less one; with fewer than two of either there is no interval.
    """
    if not points:
        return Mean(None, None, None)
    scores = np.array([point[0] for point in points], dtype=np.float64)
    mean = float(scores.mean())
    raters, items = (np.unique([point[place] for point in points], return_inverse=True)[1] for place in (1, 2))
    groups = min(int(raters.max()), int(items.max())) + 1
    if groups < 2:
        return Mean(mean, None, None)
    residuals = scores - mean
    both = raters * (int(items.max()) + 1) + items
    clustered = [_variance(residuals, codes) for codes in (raters, items, np.unique(both, return_inverse=True)[1])]
    variance = max(clustered[0] + clustered[1] - clustered[2], clustered[0], clustered[1])
    half = float(student.ppf(0.5 + confidence / 2, groups - 1)) * float(np.sqrt(variance))
    return Mean(mean, max(1.0, mean - half), min(5.0, mean + half))


def _variance(
    residuals: "np.ndarray[tuple[int], np.dtype[np.float64]]", codes: "np.ndarray[tuple[int], np.dtype[np.intp]]"
) -> float:
    groups = int(codes.max()) + 1
    sums = np.bincount(codes, weights=residuals, minlength=groups)
    return float((sums**2).sum()) / len(residuals) ** 2 * groups / max(1, groups - 1)
