"""Which answer each unit most likely deserves, and how each rater errs, when nobody knows the truth.

Dawid & Skene 1979, "Maximum likelihood estimation of observer error-rates using the EM algorithm". Raters are taken to
err independently given the true class. A class stands for what the raters in the main call by its name: with raters who
are worse than chance, the names can be swapped.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

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

    `accuracy[rater]` is the chance of naming the true class. `with_others[rater]` is how many of the rater's labels
    were what the others' labels on the unit led to expect, of `compared[rater]` on units that others rated: their own
    vote does not speak for itself. `reason` says why there is no answer; the arrays are then empty.
    """

    units: tuple[str, ...]
    raters: tuple[str, ...]
    classes: tuple[str, ...]
    truth: Floats
    shares: Floats
    confusion: Floats
    accuracy: Floats
    with_others: Floats
    compared: Ints
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
    table = _Table.of(unit_codes, rater_codes, said, (len(unit_names), len(rater_names), len(classes)))
    truth = table.shares()
    reached = -np.inf
    for _ in range(MOST_ROUNDS):
        shares, confusion = table.maximise(truth)
        truth, likelihood = table.expect(shares, confusion)
        converged = likelihood - reached < TOLERANCE * abs(likelihood)
        reached = likelihood
        if converged:
            break
    accuracy = np.einsum("rkk,k->r", confusion, shares)
    with_others, compared = _with_others(unit_codes, rater_codes, said, truth, confusion)
    return DawidSkene(
        unit_names,
        rater_names,
        classes,
        truth,
        shares,
        confusion,
        accuracy,
        with_others,
        compared,
        float(reached),
        bool(converged),
    )


@dataclass(frozen=True)
class _Table:
    """`said` counts units × (rater, label): nearly all of it is empty."""

    said: csr_array
    raters: int
    classes: int

    @classmethod
    def of(cls, units: Ints, raters: Ints, labels: Ints, shape: tuple[int, int, int]) -> "_Table":
        columns = raters * shape[2] + labels
        said = csr_array((np.ones(len(units)), (units, columns)), shape=(shape[0], shape[1] * shape[2]))
        return cls(said, shape[1], shape[2])

    def shares(self) -> Floats:
        """Of each label in each unit."""
        counts = self.said @ np.tile(np.eye(self.classes), (self.raters, 1))
        return np.asarray(counts / counts.sum(axis=1, keepdims=True))

    def maximise(self, truth: Floats) -> tuple[Floats, Floats]:
        confusion = (self.said.T @ truth).reshape(self.raters, self.classes, self.classes).transpose(0, 2, 1)
        said = confusion.sum(axis=2, keepdims=True)
        shares: Floats = truth.mean(axis=0)
        return shares, np.where(said > 0, confusion / np.where(said > 0, said, 1), 1 / self.classes)

    def expect(self, shares: Floats, confusion: Floats) -> tuple[Floats, float]:
        logs = np.log(np.maximum(confusion, SMALLEST)).transpose(0, 2, 1).reshape(-1, self.classes)
        log_joint = np.log(np.maximum(shares, SMALLEST)) + self.said @ logs
        largest = log_joint.max(axis=1, keepdims=True)
        joint = np.exp(log_joint - largest)
        total = joint.sum(axis=1, keepdims=True)
        return joint / total, float((largest + np.log(total)).sum())


def _with_others(units: Ints, raters: Ints, said: Ints, truth: Floats, confusion: Floats) -> tuple[Floats, Ints]:
    """Each rating's probability under the truth that the unit's other ratings point to."""
    without = truth[units] / np.maximum(confusion[raters, :, said], SMALLEST)
    expected = without[np.arange(len(said)), said] / without.sum(axis=1)
    shared = np.bincount(units)[units] > 1
    width = int(raters.max()) + 1
    matches: Floats = np.bincount(raters[shared], weights=expected[shared], minlength=width).astype(np.float64)
    return matches, np.bincount(raters[shared], minlength=width).astype(np.int64)


def _coded(names: Sequence[str]) -> tuple[tuple[str, ...], Ints]:
    distinct, codes = np.unique(np.asarray(names, dtype=object), return_inverse=True)
    return tuple(str(name) for name in distinct), codes.astype(np.int64)


def _unanswered(
    units: tuple[str, ...], raters: tuple[str, ...], classes: tuple[str, ...], reason: Reason
) -> DawidSkene:
    empty, none = np.zeros((0,)), np.zeros((0,), dtype=np.int64)
    return DawidSkene(
        units, raters, classes, empty, empty, empty, empty, empty, none, 0.0, converged=False, reason=reason
    )
