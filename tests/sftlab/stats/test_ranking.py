from math import exp, sqrt

import numpy as np
import pytest

from sftlab.stats.ranking import NO_TIES, ONE_RATER, ORDER_NOT_FITTED, ORDER_UNKNOWN, Method, rank
from sftlab.stats.votes import Votes
from tests.sftlab.stats import published


def won(names, wins):
    """Every win once with the winner on the left and once on the right: the order effect is then 0."""
    pairs = [(names[row], names[column]) for row, column in published.crossed(wins) if row != column]
    left = [winner for winner, _ in pairs] + [loser for _, loser in pairs]
    right = [loser for _, loser in pairs] + [winner for winner, _ in pairs]
    return Votes.from_columns(left, right, ["left"] * len(pairs) + ["right"] * len(pairs), systems=names)


def votes(*rows):
    left, right, choices = zip(*rows, strict=True)
    return Votes.from_columns(left, right, choices)


def strengths(ranking):
    return {system.name: system.strength for system in ranking.systems}


def test_stiglers_journals():
    """Bradley–Terry as fitted by R's BradleyTerry2 with Biometrika as reference; here every citation counts twice."""
    ranking = rank(won(published.JOURNALS, published.CITATIONS), method=Method.MODEL)
    found, matrix = strengths(ranking), ranking.covariance.matrix
    expected = {"Comm Statist": (-2.949, 0.103), "JASA": (-0.480, 0.061), "JRSS-B": (0.269, 0.071)}
    for index, name in enumerate(published.JOURNALS[1:], start=1):
        difference, error = expected[name]
        assert found[name] - found["Biometrika"] == pytest.approx(difference, abs=5e-4)
        variance = matrix[index, index] + matrix[0, 0] - 2 * matrix[0, index]
        assert sqrt(2 * variance) == pytest.approx(error, abs=5e-4)


def test_the_wikipedia_example():
    found = strengths(rank(won("ABCD", published.WIKIPEDIA_WINS)))
    assert [exp(found[name]) for name in "ABCD"] == pytest.approx([0.640, 1.043, 0.660, 2.270], abs=5e-4)


def test_winners_all_listed_on_the_left_are_ranked_without_an_order_effect():
    pairs = published.crossed(published.WIKIPEDIA_WINS)
    ranking = rank(votes(*(("ABCD"[winner], "ABCD"[loser], "left") for winner, loser in pairs)))
    assert ranking.determined
    assert ranking.first_position.reason == ORDER_UNKNOWN
    assert exp(strengths(ranking)["D"]) == pytest.approx(2.270, abs=5e-4)


def test_the_order_effect_of_two_equals_is_the_log_odds_of_the_left():
    rows = [("A", "B"), ("B", "A")]
    ranking = rank(votes(*[(*row, "left") for row in rows * 30], *[(*row, "right") for row in rows * 10]))
    assert ranking.first_position.value == pytest.approx(np.log(3))
    assert strengths(ranking) == pytest.approx({"A": 0, "B": 0})


def test_davidsons_tie_is_the_odds_of_a_tie_between_equals():
    rows = [("A", "B"), ("B", "A")]
    decided = [(*row, side) for row in rows * 20 for side in ("left", "right")]
    ranking = rank(votes(*decided, *[(*row, "tie") for row in rows * 5], *[(*row, "both_bad") for row in rows * 5]))
    assert ranking.tie.value == pytest.approx(0.5)
    assert ranking.both_bad == 10
    assert ranking.ties == 20


def test_no_ties_is_a_tie_of_0():
    assert rank(won("ABCD", published.WIKIPEDIA_WINS)).tie.reason == NO_TIES


def test_the_order_effect_can_be_left_out():
    ranking = rank(won("ABCD", published.WIKIPEDIA_WINS), order_effect=False)
    assert ranking.first_position.reason == ORDER_NOT_FITTED


def test_a_model_that_always_wins_has_no_finite_strength():
    ranking = rank(won("ABC", [[0, 3, 3], [0, 0, 2], [0, 2, 0]]))
    assert not ranking.determined
    assert str(ranking.reason).endswith("strength: A.")
    assert {system.strength for system in ranking.systems} == {None}
    assert {system.ranks for system in ranking.systems} == {(1, 3)}


def test_groups_that_never_met_are_named():
    ranking = rank(won("ABCD", [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]))
    assert not ranking.determined
    assert "A, B | C, D" in str(ranking.reason)


def test_a_system_without_a_vote_is_a_group_of_its_own():
    ranking = rank(Votes.from_columns(["A", "B"], ["B", "A"], ["left", "left"], systems=["A", "B", "C"]))
    assert "A, B | C" in str(ranking.reason)


def test_all_ties_tell_nothing_apart():
    assert "tie" in str(rank(votes(("A", "B", "tie"), ("B", "A", "tie"))).reason)


def test_ties_that_fit_a_ladder_without_exception_are_separated():
    """A beats B, both tie with C: strongly connected through the ties, and yet strengths and ties grow for ever."""
    rows = [("A", "B", "left"), ("B", "A", "right"), ("A", "C", "tie"), ("C", "A", "tie"), ("B", "C", "tie")]
    ranking = rank(votes(*rows, ("C", "B", "tie")))
    assert not ranking.determined
    assert "without a single exception" in str(ranking.reason)


def test_one_rater_cannot_speak_for_others_and_few_raters_widen_the_intervals():
    rng = np.random.default_rng(8)
    pairs = [rng.choice(list("ABC"), 2, replace=False) for _ in range(200)]
    choices = rng.choice(["left", "right", "tie"], 200)
    columns = [left for left, _ in pairs], [right for _, right in pairs], choices

    def widths(raters):
        ranking = rank(Votes.from_columns(*columns, raters=raters))
        return ranking.interval_reason, [system.high - system.low for system in ranking.systems]

    reason, alone = widths(["x"] * 200)
    assert reason == ONE_RATER
    assert alone == pytest.approx(widths(None)[1])
    assert min(widths(list("xyz") * 66 + ["x", "y"])[1]) > max(alone)


def test_nothing_to_rank():
    assert not rank(Votes.from_columns([], [], [])).determined


def test_sides_swapped_mirror_the_order_effect_only():
    rng = np.random.default_rng(5)
    rows = [(*rng.choice(list("ABC"), 2, replace=False), rng.choice(["left", "right", "tie"])) for _ in range(300)]
    mirrored = [(right, left, {"left": "right", "right": "left"}.get(choice, choice)) for left, right, choice in rows]
    one, other = rank(votes(*rows)), rank(votes(*mirrored))
    assert strengths(other) == pytest.approx(strengths(one), abs=1e-7)
    assert other.first_position.value == pytest.approx(-one.first_position.value, abs=1e-7)
