"""The bootstrap of a ranking: whole raters, whole items and whole (rater, item) cells are drawn and the model refitted.

Drawing both at once (the pigeonhole bootstrap) counts the noise of single votes three times (Owen 2007), which with
votes is most of the variance. So each is drawn by itself and the covariances are combined as in Cameron, Gelbach &
Miller 2011, section 2.3: raters + items − cells.
"""

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_array

from sftlab.stats.arrays import Floats, Ints
from sftlab.stats.davidson import Model, fit
from sftlab.stats.intervals import weight_blocks
from sftlab.stats.vote_covariance import (
    Covariance,
    clusterings_of,
    crossed,
    degrees_of_freedom,
    few_clusters,
    positive,
)
from sftlab.stats.votes import Votes

RESAMPLES = 1000
MOST_UNDETERMINED = 0.05
FIT_CELLS = 2_000_000


def bootstrap(
    model: Model, parameters: Floats, votes: Votes, *, resamples: int = RESAMPLES, seed: int = 0
) -> Covariance | None:
    """None when more than 5% of the resamples have no finite fit: the votes are too few for this method."""
    clusterings = clusterings_of(votes)
    signed = [(1, codes) for codes in clusterings or [np.arange(len(votes))]]
    few = bool(clusterings) and few_clusters(clusterings)
    if len(clusterings) == 2:
        signed.append((1 if few else -1, crossed(*clusterings)))
    elif few:
        signed.append((1, np.arange(len(votes))))
    total = np.zeros((model.size, model.size))
    for position, (sign, clusters) in enumerate(signed):
        resampled = _resampled_kinds(votes, clusters, resamples, seed + position)
        matrix = _one_way(clusters, np.concatenate([_fitted(model, parameters, counts) for counts in resampled]))
        if matrix is None:
            return None
        total += sign * matrix
    return Covariance(positive(total), degrees_of_freedom(clusterings) if clusterings else np.inf)


def _one_way(clusters: Ints, draws: Floats) -> Floats | None:
    finite = draws[~np.isnan(draws).any(axis=1)]
    if len(finite) < (1 - MOST_UNDETERMINED) * len(draws):
        return None
    groups = len(np.unique(clusters))
    matrix: Floats = np.cov(finite, rowvar=False) * (groups / max(1, groups - 1))
    return matrix


def _resampled_kinds(votes: Votes, clusters: Ints, resamples: int, seed: int) -> Iterator[Floats]:
    kinds = votes.cells.counts.size
    labels = np.unique(clusters, return_inverse=True)[1]
    groups = int(labels.max()) + 1
    if groups == len(votes):
        yield from weight_blocks(votes.cells.counts.ravel().astype(np.int64), resamples, seed)
        return
    by_cluster = csr_array((np.ones(len(votes)), (labels, votes.kinds)), shape=(groups, kinds))
    for weights in weight_blocks(np.ones(groups, dtype=np.int64), resamples, seed):
        yield np.asarray(weights @ by_cluster)


def _fitted(model: Model, parameters: Floats, counts: Floats) -> Floats:
    block = max(1, FIT_CELLS // counts.shape[1])
    shaped = counts.reshape(len(counts), -1, 3)
    return np.concatenate([fit(model, shaped[i : i + block], start=parameters) for i in range(0, len(shaped), block)])
