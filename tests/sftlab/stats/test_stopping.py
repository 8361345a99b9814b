import numpy as np
import pytest

from sftlab.stats.pairing import EVEN_SHARE, pair_chances
from sftlab.stats.ranking import rank
from sftlab.stats.stopping import State, StopRule, verdict
from sftlab.stats.votes import Votes
from tests.sftlab.stats.simulated_votes import Population, Study, study_votes

CALM = Population(rater_taste=0.1, rater_side=0.1, rater_ties=0.1, item_luck=0.1)


def ranking(population=CALM, items=100, seed=0):
    return rank(study_votes(population, Study(items=items), np.random.default_rng(seed)))


def states(verdict):
    return {pair.state for pair in verdict.pairs}


def test_the_boundary_is_the_normal_mixture():
    """Robbins 1970: reject when the mixture martingale passes 1/alpha, here with one unit of information."""
    critical = StopRule(typical_difference=1.0).critical(1.0, pairs=1, degrees=np.inf)
    assert np.exp(critical**2 / 4) / np.sqrt(2) == pytest.approx(1 / 0.05)


def test_the_boundary_is_stricter_than_a_single_look_with_more_pairs_and_with_few_clusters():
    rule = StopRule()
    once = rule.critical(0.2, pairs=1, degrees=np.inf)
    assert once > 1.96
    assert rule.critical(0.2, pairs=6, degrees=np.inf) > once
    assert rule.critical(0.2, pairs=1, degrees=20) > once


def test_systems_far_apart_stop_the_study():
    far = Population(strengths=(-2.0, 0.0, 2.0), rater_taste=0.1, item_luck=0.1)
    found = verdict(ranking(far))
    assert found.stop
    assert states(found) == {State.SEPARATED}


def test_differences_within_the_margin_stop_the_study_as_equivalent():
    equal = Population(strengths=(0.0, 0.0), rater_taste=0, rater_side=0, item_luck=0)
    found = verdict(ranking(equal, items=1500), StopRule(margin=0.4))
    assert found.stop
    assert states(found) == {State.EQUIVALENT}


def test_open_pairs_say_how_many_votes_would_settle_them():
    votes = study_votes(CALM, Study(items=25), np.random.default_rng(2))
    pairs = [pair for pair in verdict(rank(votes)).pairs if pair.state is State.OPEN]
    assert pairs
    assert all(pair.more_votes is None or pair.more_votes > 0 for pair in pairs)
    by_difference = sorted(pairs, key=lambda pair: abs(pair.difference))
    assert (by_difference[0].more_votes or np.inf) > (by_difference[-1].more_votes or np.inf)


def test_no_verdict_while_undetermined_or_from_few_raters():
    assert verdict(rank(Votes.from_columns(["A"], ["B"], ["left"]))).pairs == ()
    few = study_votes(CALM, Study(raters=4), np.random.default_rng(0))
    assert not verdict(rank(few)).stop


def test_open_pairs_are_shown_more_often_and_every_pair_sometimes():
    population = Population(strengths=(-2.0, 0.0, 0.05), rater_taste=0.1, item_luck=0.1)
    chances = {(pair.first, pair.second): pair.chance for pair in pair_chances(ranking(population))}
    assert sum(chances.values()) == pytest.approx(1)
    assert chances["system 1", "system 2"] > 0.7
    assert chances["system 0", "system 1"] == pytest.approx(EVEN_SHARE / 3)


def test_pairs_are_even_before_there_is_a_ranking():
    nothing = rank(Votes.from_columns([], [], [], systems=["A", "B", "C"]))
    assert [pair.chance for pair in pair_chances(nothing)] == pytest.approx([1 / 3] * 3)
