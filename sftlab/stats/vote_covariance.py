"""How far a fit would move with other votes, other raters and other items.

Model-based: the inverse information, right when votes are independent. Sandwich: Huber 1967, White 1982; clustered by
rater and by item at once as in Cameron, Gelbach & Miller 2011, "Robust inference with multiway clustering":
the two one-way estimates less that of their intersection.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.stats import t as student

from sftlab.stats.arrays import Floats, Ints
from sftlab.stats.davidson import Model, anchored, information
from sftlab.stats.votes import Votes

FEW_CLUSTERS = 10
CELLS_PER_VOTE = 8  # above it most of a groups × parameters table is empty, and a sparse one is faster


@dataclass(frozen=True)
class Covariance:
    """`degrees`: of the t distribution for intervals, infinite where nothing was clustered."""

    matrix: Floats
    degrees: float = np.inf

    def half_widths(self, confidence: float) -> Floats:
        """Of an interval for each parameter."""
        widths: Floats = student.ppf(0.5 + confidence / 2, self.degrees) * np.sqrt(np.diag(self.matrix))
        return widths


def model_based(model: Model, parameters: Floats) -> Covariance:
    return Covariance(_bread(model, parameters))


def sandwich(model: Model, parameters: Floats, votes: Votes) -> Covariance:
    """Clustered by whichever of rater and item is known; every vote on its own if neither.

    With fewer than ten clusters a difference of two estimates is not to be trusted: the cells are then added, which is
    too wide rather than too narrow.
    """
    bread = _bread(model, parameters)
    scores = KindScores(model, parameters)
    clusterings = clusterings_of(votes)
    if not clusterings:
        meat = scores.meat_of_single_votes(votes.kinds) * (len(votes) / max(1, len(votes) - 1))
        return Covariance(bread @ meat @ bread)
    meat = sum((scores.meat(codes, votes.kinds) for codes in clusterings), np.zeros_like(bread))
    few = few_clusters(clusterings)
    if len(clusterings) == 2:
        meat = meat + (1 if few else -1) * scores.meat_of_crossed(crossed(*clusterings), votes.kinds)
    elif few:
        meat = meat + scores.meat_of_single_votes(votes.kinds)
    return Covariance(positive(bread @ meat @ bread), degrees_of_freedom(clusterings))


def clusterings_of(votes: Votes) -> list[Ints]:
    """Raters and items, where known and more than one: a single rater cannot show how raters differ."""
    return [codes for codes in (votes.raters, votes.items) if codes is not None and np.ptp(codes) > 0]


def few_clusters(clusterings: Sequence[Ints]) -> bool:
    return degrees_of_freedom(clusterings) < FEW_CLUSTERS - 1


def degrees_of_freedom(clusterings: Sequence[Ints]) -> float:
    """One less than the fewest clusters, as Cameron, Gelbach & Miller suggest for intervals."""
    return max(1, min(int(np.count_nonzero(np.bincount(codes))) for codes in clusterings) - 1)


def crossed(first: Ints, second: Ints) -> Ints:
    """A label for each pair of labels."""
    return first * (int(second.max()) + 1) + second


class KindScores:
    """Derivatives of one vote's log likelihood, which depend only on its kind: who was shown where, and the outcome.

    The derivative by η goes to three parameters: left, right (negated), first. "Meat" is the sum over clusters of the
    outer product of the cluster's summed derivatives, times G / (G − 1).
    """

    def __init__(self, model: Model, parameters: Floats) -> None:
        chances = model.chances(parameters[None, :])
        by_eta = ((np.array([1.0, -1.0, 0.0]) - chances.lean[0][:, None]) / 2).ravel()
        by_tie = (np.array([0.0, 0.0, 1.0]) - chances.tie[0][:, None]).ravel()
        systems, self._size = model.cells.systems, model.size
        left, right = np.repeat(model.cells.left, 3), np.repeat(model.cells.right, 3)
        self._columns = np.stack([left, right, np.full_like(left, systems), np.full_like(left, systems + 1)])
        self._values = np.stack([by_eta, -by_eta, model.terms.first * by_eta, model.terms.tie * by_tie])

    def meat(self, clusters: Ints, kinds: Ints) -> Floats:
        groups = int(np.count_nonzero(np.bincount(clusters)))
        return self._outer(clusters, kinds, np.ones(len(kinds))) * (groups / max(1, groups - 1))

    def meat_of_single_votes(self, kinds: Ints) -> Floats:
        """Every vote a cluster: votes of one kind add the same, so one row times the root of their number does."""
        counts = np.bincount(kinds)
        present = np.flatnonzero(counts)
        return self._outer(np.arange(len(present)), present, np.sqrt(counts[present]))

    def meat_of_crossed(self, clusters: Ints, kinds: Ints) -> Floats:
        """For many small clusters, most of them one vote."""
        _, labels, sizes = np.unique(clusters, return_inverse=True, return_counts=True)
        alone = sizes[labels] == 1
        meat = self.meat_of_single_votes(kinds[alone])
        if not alone.all():
            together = np.unique(labels[~alone], return_inverse=True)[1]
            meat = meat + self._outer(together, kinds[~alone], np.ones(len(together)))
        return meat * (len(sizes) / max(1, len(sizes) - 1))

    def _outer(self, labels: Ints, kinds: Ints, scale: Floats) -> Floats:
        groups = int(labels.max(initial=-1)) + 1
        if groups * self._size > CELLS_PER_VOTE * len(labels):
            return self._outer_sparse(labels, kinds, scale, groups)
        summed = np.zeros(groups * self._size)
        for columns, values in zip(self._columns, self._values, strict=True):
            places = labels * self._size + columns[kinds]
            summed += np.bincount(places, weights=values[kinds] * scale, minlength=len(summed))
        by_group = summed.reshape(groups, self._size)
        return by_group.T @ by_group

    def _outer_sparse(self, labels: Ints, kinds: Ints, scale: Floats, groups: int) -> Floats:
        values = (self._values[:, kinds] * scale).ravel()
        places = (np.tile(labels, len(self._values)), self._columns[:, kinds].ravel())
        summed = csr_array((values, places), shape=(groups, self._size))
        outer: Floats = (summed.T @ summed).toarray()
        return outer


def _bread(model: Model, parameters: Floats) -> Floats:
    inverse: Floats = np.linalg.inv(
        anchored(model, information(model, model.chances(parameters[None, :]), model.cells.votes))[0]
    )
    keep = np.diag(model.free.astype(np.float64))
    systems = model.cells.systems
    keep[:systems, :systems] -= 1 / systems
    bread: Floats = keep @ inverse @ keep
    return bread


def positive(matrix: Floats) -> Floats:
    """Two-way estimates can have negative eigenvalues; Cameron, Gelbach & Miller set those to 0."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    positive: Floats = (vectors * np.maximum(values, 0)) @ vectors.T
    return positive
