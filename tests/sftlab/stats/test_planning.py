import numpy as np
import pytest

from sftlab.stats.planning import (
    Aim,
    observed_design_effect,
    power_of_votes,
    units_for_mean_difference,
    votes_for_win_rate,
)
from sftlab.stats.ranking import Method, rank
from tests.sftlab.stats.simulated_votes import Population, Study, study_votes


def test_votes_for_one_proportion_against_a_half():
    """Fleiss, Levin & Paik 2003, chapter 4, without continuity correction: (1.96 × .5 + .842 × √.24)² / .1² = 194."""
    assert votes_for_win_rate(0.6) == 194


def test_power_and_votes_agree():
    assert power_of_votes(votes_for_win_rate(0.57), 0.57) == pytest.approx(0.8, abs=2e-3)


def test_the_power_promised_is_the_power_had():
    rng = np.random.default_rng(0)
    votes = votes_for_win_rate(0.6, tie_rate=0.2)
    cast = rng.choice([1, 0, -1], p=[0.48, 0.2, 0.32], size=(4000, votes))
    z = cast.sum(axis=1) / np.sqrt((cast**2).sum(axis=1))
    assert np.mean(z > 1.96) == pytest.approx(0.8, abs=0.03)


def test_ties_more_systems_and_shared_raters_need_more_votes():
    plain = votes_for_win_rate(0.6)
    assert votes_for_win_rate(0.6, tie_rate=0.3) > plain
    assert votes_for_win_rate(0.6, aim=Aim.for_systems(4)) > plain
    assert votes_for_win_rate(0.6, aim=Aim(design_effect=2)) == pytest.approx(2 * plain, abs=2)


def test_units_for_a_difference_of_means():
    """2 (1.96 + 0.84)² = 15.7 for a difference of one standard deviation."""
    assert units_for_mean_difference(1, deviation=1) == 16
    assert units_for_mean_difference(1, deviation=1, correlation=0.5) == 8


@pytest.mark.parametrize("win_rate", [0.5, 1.0, 0.3])
def test_a_win_rate_that_is_no_lead_is_refused(win_rate):
    with pytest.raises(ValueError, match="win_rate"):
        votes_for_win_rate(win_rate)


def test_the_design_effect_of_a_study_with_shared_raters_and_items():
    votes = study_votes(Population(), Study(), np.random.default_rng(0))
    ranking = rank(votes)
    assert observed_design_effect(ranking.covariance, ranking.independent, 4) > 1.5
    plain = rank(votes, method=Method.MODEL)
    assert observed_design_effect(plain.covariance, plain.independent, 4) == pytest.approx(1)
