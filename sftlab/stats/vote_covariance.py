"""How far a fit would move with other votes, other raters and other items.

Model-based: the inverse information, right when votes are independent. Sandwich: Huber 1967, White 1982; clustered by
rater and by item at once as in Cameron, Gelbach & Miller 2011, "Robust inference with multiway clustering":
the two one-way estimates less that of their intersection.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from sftlab.stats.arrays import Floats, Ints
from sftlab.stats.davidson import Model, anchored, information, outcome_scores
from sftlab.stats.votes import Votes


@dataclass(frozen=True)
class Covariance:
    """`degrees`: of the t distribution for intervals, infinite where nothing was clustered."""

    matrix: Floats
    degrees: float = np.inf


def model_based(model: Model, parameters: Floats) -> Covariance:
    return Covariance(_bread(model, parameters))


def sandwich(model: Model, parameters: Floats, votes: Votes) -> Covariance:
    """Clustered by whichever of rater and item is known; every vote on its own if neither."""
    bread = _bread(model, parameters)
    by_eta, by_tie = (scores[0] for scores in outcome_scores(model.probabilities(parameters[None, :])))
    scores = VoteScores(model, votes, by_eta.ravel()[votes.cell_of_vote], by_tie.ravel()[votes.cell_of_vote])
    clusterings = [codes for codes in (votes.raters, votes.items) if codes is not None]
    if not clusterings:
        return Covariance(bread @ scores.meat(np.arange(len(votes))) @ bread)
    meat = sum((scores.meat(codes) for codes in clusterings), np.zeros_like(bread))
    if len(clusterings) == 2:
        meat = meat - scores.meat(clusterings[0] * (int(clusterings[1].max()) + 1) + clusterings[1])
    groups = min(len(np.unique(codes)) for codes in clusterings)
    return Covariance(_positive(bread @ meat @ bread), max(1, groups - 1))


@dataclass(frozen=True)
class VoteScores:
    """The derivatives of each vote's log likelihood: by η, which goes to three parameters, and by tie."""

    model: Model
    votes: Votes
    by_eta: Floats
    by_tie: Floats

    def meat(self, clusters: Ints) -> Floats:
        """The sum over clusters of the outer product of the cluster's summed score, times G / (G − 1)."""
        _, labels = np.unique(clusters, return_inverse=True)
        groups = int(labels.max()) + 1
        summed = self._summed(labels, groups)
        meat: Floats = (summed.T @ summed).toarray() * (groups / max(1, groups - 1))
        return meat

    def _summed(self, labels: Ints, groups: int) -> csr_array:
        size, votes = self.model.size, self.votes
        systems = self.model.cells.systems
        columns = np.concatenate([votes.left, votes.right, np.full(len(votes), systems), np.full(len(votes), size - 1)])
        first, tie = float(self.model.terms.first), float(self.model.terms.tie)
        values = np.concatenate([self.by_eta, -self.by_eta, first * self.by_eta, tie * self.by_tie])
        return csr_array((values, (np.tile(labels, 4), columns)), shape=(groups, size))


def _bread(model: Model, parameters: Floats) -> Floats:
    votes = model.cells.counts.sum(axis=1)[None, :]
    inverse: Floats = np.linalg.inv(anchored(model, information(model, parameters[None, :], votes))[0])
    keep = np.diag(model.free.astype(np.float64))
    systems = model.cells.systems
    keep[:systems, :systems] -= 1 / systems
    bread: Floats = keep @ inverse @ keep
    return bread


def _positive(matrix: Floats) -> Floats:
    """Two-way estimates can have negative eigenvalues; Cameron, Gelbach & Miller set those to 0."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    positive: Floats = (vectors * np.maximum(values, 0)) @ vectors.T
    return positive
