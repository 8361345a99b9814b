"""Which ranks each system may have, all statements holding together.

Mogstad, Romano, Shaikh & Wilhelm 2024, "Inference for ranks": from simultaneous intervals for all pairwise differences,
a system's best rank is one more than the number of systems shown better, its worst the number not shown worse.
"""

import numpy as np

from sftlab.stats.arrays import Bools, Floats
from sftlab.stats.vote_covariance import Covariance

DRAWS = 4000


def rank_sets(
    strengths: Floats, covariance: Covariance, *, confidence: float = 0.95, seed: int = 0
) -> list[tuple[int, int]]:
    better = shown_better(strengths, covariance, confidence=confidence, seed=seed)
    beaten_by, beats = better.sum(axis=0), better.sum(axis=1)
    return [(int(above) + 1, len(strengths) - int(below)) for above, below in zip(beaten_by, beats, strict=True)]


def shown_better(strengths: Floats, covariance: Covariance, *, confidence: float = 0.95, seed: int = 0) -> Bools:
    """`[a, b]`: a is better than b, at a level that holds for all pairs at once."""
    systems = len(strengths)
    matrix = covariance.matrix[:systems, :systems]
    variances = np.diag(matrix)
    errors = np.sqrt(np.maximum(variances[:, None] + variances - 2 * matrix, 0))
    critical = _largest_t(matrix, errors, covariance.degrees, confidence, seed)
    better: Bools = strengths[:, None] - strengths > critical * errors
    return better


def _largest_t(matrix: Floats, errors: Floats, degrees: float, confidence: float, seed: int) -> float:
    """The quantile of the largest |t| over all pairs, by drawing from the estimated distribution."""
    rng = np.random.default_rng(seed)
    values, vectors = np.linalg.eigh(matrix)
    draws = rng.standard_normal((DRAWS, len(matrix))) @ (vectors * np.sqrt(np.maximum(values, 0))).T
    if np.isfinite(degrees):
        draws /= np.sqrt(rng.chisquare(degrees, (DRAWS, 1)) / degrees)
    largest = np.zeros(DRAWS)
    for system in range(len(matrix) - 1):
        scale = np.where(errors[system, system + 1 :] > 0, errors[system, system + 1 :], np.inf)
        t = np.abs(draws[:, [system]] - draws[:, system + 1 :]) / scale
        np.maximum(largest, t.max(axis=1), out=largest)
    return float(np.quantile(largest, confidence))
