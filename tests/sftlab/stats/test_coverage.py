"""Intervals are checked against what they promise: studies with rater and item effects, 40 raters, 200 items.

The target is the value fitted on one huge sample, since a model fitted to mixed raters aims at the mixture.
"""

import numpy as np
import pytest

from sftlab.stats.davidson import Model, Terms, fit
from sftlab.stats.ranking import Method, rank
from sftlab.stats.severity import severity_adjusted
from sftlab.stats.stopping import StopRule
from sftlab.stats.vote_bootstrap import bootstrap
from sftlab.stats.vote_covariance import model_based, sandwich
from tests.sftlab.stats.simulated_scores import ScorePanel, panel_scores, population_means
from tests.sftlab.stats.simulated_votes import (
    Population,
    Study,
    population_votes,
    separates_while_looking,
    study_votes,
)

REPETITIONS = 400
EXPECTED = pytest.approx(0.945, abs=0.035)


@pytest.fixture(scope="module")
def target():
    huge = population_votes(Population(), 1_500_000, np.random.default_rng(99))
    return fit(Model(huge.cells, Terms()), huge.cells.counts[None])[0]


@pytest.fixture(scope="module")
def studies():
    votes = [study_votes(Population(), Study(), np.random.default_rng(seed)) for seed in range(REPETITIONS)]
    models = [Model(study.cells, Terms()) for study in votes]
    return [(study, model, fit(model, study.cells.counts[None])[0]) for study, model in zip(votes, models, strict=True)]


def coverage(studies, target, covariance_of):
    inside = []
    for study, model, parameters in studies:
        covariance = covariance_of(study, model, parameters)
        inside.append(np.abs(parameters - target) < covariance.half_widths(0.95))
    return np.mean(inside, axis=0)


def test_sandwich_intervals_cover_strengths_order_and_tie(studies, target):
    assert list(coverage(studies, target, lambda v, m, p: sandwich(m, p, v))) == [EXPECTED] * 6


def test_model_based_intervals_do_not_where_votes_share_raters_and_items(studies, target):
    assert coverage(studies[:100], target, lambda v, m, p: model_based(m, p)).max() < 0.9


def test_model_based_intervals_cover_independent_votes():
    even = Population(rater_taste=0, rater_side=0, rater_ties=0, item_luck=0)
    truth = np.array([*even.strengths, even.first, even.tie])
    inside = []
    for seed in range(REPETITIONS):
        votes = study_votes(even, Study(items=50, votes_per_pair_and_item=1), np.random.default_rng(seed))
        ranking = rank(votes, method=Method.MODEL)
        inside.append(np.abs(ranking.parameters - truth) < ranking.covariance.half_widths(0.95))
    assert list(np.mean(inside, axis=0)) == [EXPECTED] * 6


def test_bootstrap_intervals_cover(studies, target):
    assert list(coverage(studies, target, lambda v, m, p: bootstrap(m, p, v, resamples=60))) == [EXPECTED] * 6


def test_estimates_recover_what_was_put_in(studies, target):
    mean = np.mean([parameters for _, _, parameters in studies], axis=0)
    assert mean == pytest.approx(target, abs=0.02)


def test_without_effects_the_huge_sample_is_the_truth():
    even = Population(rater_taste=0, rater_side=0, rater_ties=0, item_luck=0)
    ranking = rank(population_votes(even, 400_000, np.random.default_rng(3)))
    assert ranking.parameters == pytest.approx([*even.strengths, even.first, even.tie], abs=0.015)


def test_looking_ten_times_with_adaptive_pairing_rarely_separates_equals():
    """Expected near 1%; 2,000 repetitions in the bench."""
    equals = Population(strengths=(0.0,) * 4)
    separated = [
        separates_while_looking(equals, Study(), StopRule(), looks=10, votes_per_look=120, seed=seed)
        for seed in range(30)
    ]
    assert sum(separated) <= 3


def test_adjusted_means_cover_and_severities_are_recovered():
    target = population_means(ScorePanel())
    inside, severity_inside, correlations = [], [], []
    for seed in range(REPETITIONS):
        scores, severities = panel_scores(ScorePanel(), np.random.default_rng(seed))
        found = severity_adjusted(scores)
        inside.append([mean.low < truth < mean.high for mean, truth in zip(found.systems, target, strict=True)])
        severity_inside.append(
            [rater.low < truth < rater.high for rater, truth in zip(found.raters, severities, strict=True)]
        )
        correlations.append(np.corrcoef([rater.severity for rater in found.raters], severities)[0, 1])
    assert list(np.mean(inside, axis=0)) == [EXPECTED] * 4
    assert np.mean(severity_inside) == EXPECTED
    assert np.mean(correlations) > 0.9
