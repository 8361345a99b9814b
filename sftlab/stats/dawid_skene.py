"""Which answer each unit most likely deserves, and how each rater errs, when nobody knows the truth.

Dawid & Skene 1979, "Maximum likelihood estimation of observer error-rates using the EM algorithm". Raters are taken to
err independently given the true class. A class stands for what the raters in the main call by its name: with raters who
are worse than chance, the names can be swapped.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sftlab.stats.arrays import Floats, Ints
from sftlab.stats.reasons import Reason, gettext_noop

MOST_ROUNDS = 1000
TOLERANCE = 1e-8
SMALLEST = 1e-12

ONE_CLASS = Reason(gettext_noop("All ratings are the same, so there is nothing to tell apart."))
ONE_RATER = Reason(gettext_noop("One rater's errors cannot be told from the truth: this needs at least two raters."))


@dataclass(frozen=True)
class DawidSkene:
    """`truth[unit, class]` is the probability of each class; `confusion[rater, true, said]` each rater's error rates.

    `accuracy[rater]` is the chance of naming the true class. `reason` says why there is no answer; the arrays are then
    empty.
    """

    units: tuple[str, ...]
    raters: tuple[str, ...]
    classes: tuple[str, ...]
    truth: Floats
    shares: Floats
    confusion: Floats
    accuracy: Floats
    log_likelihood: float
    converged: bool
    reason: Reason | None = None


def dawid_skene(units: Sequence[str], raters: Sequence[str], labels: Sequence[str]) -> DawidSkene:
    """One entry for each rating; a rater may rate a unit more than once. Starts from the shares of the votes."""
    unit_names, unit_codes = _coded(units)
    rater_names, rater_codes = _coded(raters)
    classes, said = _coded(labels)
    reason = ONE_CLASS if len(classes) < 2 else ONE_RATER if len(rater_names) < 2 else None
    if reason is not None:
        return _unanswered(unit_names, rater_names, classes, reason)
    counts = np.zeros((len(unit_names), len(rater_names), len(classes)))
    np.add.at(counts, (unit_codes, rater_codes, said), 1)
    truth = counts.sum(axis=1)
    truth /= truth.sum(axis=1, keepdims=True)
    reached = -np.inf
    for _ in range(MOST_ROUNDS):
        shares, confusion = _maximise(counts, truth)
        truth, likelihood = _expect(counts, shares, confusion)
        converged = likelihood - reached < TOLERANCE * abs(likelihood)
        reached = likelihood
        if converged:
            break
    accuracy = np.einsum("rkk,k->r", confusion, shares)
    return DawidSkene(
        unit_names, rater_names, classes, truth, shares, confusion, accuracy, float(reached), bool(converged)
    )


def _maximise(counts: Floats, truth: Floats) -> tuple[Floats, Floats]:
    confusion = np.einsum("uk,url->rkl", truth, counts)
    said = confusion.sum(axis=2, keepdims=True)
    uniform = 1 / counts.shape[2]
    shares: Floats = truth.mean(axis=0)
    return shares, np.where(said > 0, confusion / np.where(said > 0, said, 1), uniform)


def _expect(counts: Floats, shares: Floats, confusion: Floats) -> tuple[Floats, float]:
    log_joint = np.log(np.maximum(shares, SMALLEST)) + np.einsum(
        "url,rkl->uk", counts, np.log(np.maximum(confusion, SMALLEST))
    )
    largest = log_joint.max(axis=1, keepdims=True)
    joint = np.exp(log_joint - largest)
    total = joint.sum(axis=1, keepdims=True)
    return joint / total, float((largest + np.log(total)).sum())


def _coded(names: Sequence[str]) -> tuple[tuple[str, ...], Ints]:
    distinct, codes = np.unique(np.asarray(names, dtype=object), return_inverse=True)
    return tuple(str(name) for name in distinct), codes.astype(np.int64)


def _unanswered(
    units: tuple[str, ...], raters: tuple[str, ...], classes: tuple[str, ...], reason: Reason
) -> DawidSkene:
    empty = np.zeros((0,))
    return DawidSkene(units, raters, classes, empty, empty, empty, empty, 0.0, converged=False, reason=reason)
