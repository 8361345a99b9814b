"""Metrics against people, by hand-made numbers and by the votes of a study."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evaluation.correlation import NO_VARIANCE, TOO_FEW, Point, coefficients


def points(pairs):
    return [Point(str(n), x, y) for n, (x, y) in enumerate(pairs)]


NUMBERS = st.integers(-5, 5).map(float)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=3, max_size=20))
def test_the_three_are_scipys(pairs):
    found = coefficients(points(pairs), level="system", seed=0)
    x, y = map(np.array, zip(*pairs, strict=True))
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert {one.reason for one in found} == {NO_VARIANCE}
        return
    expected = [peer(x, y).statistic for peer in (stats.pearsonr, stats.spearmanr, stats.kendalltau)]
    assert [one.value for one in found] == pytest.approx(expected, abs=1e-9)


def test_published_example():
    """IQ against hours of television: Wikipedia, "Spearman's rank correlation coefficient", -29/165."""
    iq = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110]
    hours = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17]
    _pearson, spearman, _kendall = coefficients(points(zip(iq, hours, strict=True)), level="system", seed=0)
    assert spearman.value == pytest.approx(-29 / 165)


def test_intervals_are_seeded_and_hold_the_value():
    rng = np.random.default_rng(3)
    pairs = [(x, x + rng.normal()) for x in rng.normal(size=40)]
    first, second = (coefficients(points(pairs), level="item", seed=7) for _ in range(2))
    assert first == second
    assert all(one.low < one.value < one.high for one in first)


def test_two_are_too_few():
    found = coefficients(points([(1, 2), (2, 3)]), level="item", seed=0)
    assert {(one.value, one.reason) for one in found} == {(None, TOO_FEW)}


def test_answers_to_one_item_are_resampled_together():
    """Ten copies of three items say no more than the three: the interval stays as wide."""
    three = [(1.0, 1.0), (2.0, 3.0), (3.0, 2.0)]
    copied = [Point(str(n), *pair) for n, pair in enumerate(three) for _ in range(10)]
    alone = [Point(str(n), *pair) for n, pair in enumerate(three)]
    assert coefficients(copied, level="item", seed=1)[0].low == coefficients(alone, level="item", seed=1)[0].low
