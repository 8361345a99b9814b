import numpy as np

from sftlab.stats.rank_sets import rank_sets
from sftlab.stats.ranking import Method, rank
from sftlab.stats.vote_covariance import Covariance
from tests.sftlab.stats.simulated_votes import Population, Study, study_votes


def test_systems_far_apart_have_one_rank_each():
    assert rank_sets(np.array([0.0, 3.0, -3.0]), Covariance(np.eye(3) * 0.01)) == [(2, 2), (1, 1), (3, 3)]


def test_systems_that_cannot_be_told_apart_share_their_ranks():
    assert rank_sets(np.array([0.0, 0.1, 5.0]), Covariance(np.eye(3) * 0.5)) == [(2, 3), (2, 3), (1, 1)]


def test_the_sets_are_wider_than_pairwise_intervals_would_make_them():
    """Two standard errors apart separates one pair, and does not where ten pairs are judged at once."""
    strengths, matrix = np.array([0.0, 2.2, 0.1, 2.1, 1.0]), np.eye(5) / 2
    assert rank_sets(strengths[:2], Covariance(matrix[:2, :2])) == [(2, 2), (1, 1)]
    assert rank_sets(strengths, Covariance(matrix)) == [(1, 5)] * 5


def test_all_sets_hold_the_true_ranks_in_nearly_all_studies():
    even = Population(rater_taste=0, rater_side=0, rater_ties=0, item_luck=0, strengths=(-0.2, 0.0, 0.1, 0.1001))
    wrong = 0
    for seed in range(150):
        votes = study_votes(even, Study(items=40), np.random.default_rng(seed))
        found = {system.name: system.ranks for system in rank(votes, method=Method.MODEL).systems}
        held = [found[name][0] <= true <= found[name][1] for name, true in zip(even.names, [4, 3, 2, 1], strict=True)]
        wrong += not all(held)
    assert wrong <= 15
