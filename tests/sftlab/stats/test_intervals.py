import numpy as np
import pytest

from sftlab.stats.intervals import resampled_counts, weight_blocks, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_interval_of_newcombe_1998(successes, trials, low, high):
    """Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3."""
    interval = wilson(successes, trials)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


def test_wilson_of_nothing_says_nothing():
    interval = wilson(0, 0)
    assert (interval.low, interval.high) == (0, 1)


def test_wilson_refuses_more_successes_than_trials():
    with pytest.raises(ValueError, match="between"):
        wilson(3, 2)


@pytest.mark.parametrize("counts", [[1] * 30, [100, 200, 50]])
def test_a_resample_draws_as_many_units_as_there_are(counts):
    drawn = resampled_counts(np.array(counts), 200, np.random.default_rng(0))
    assert (drawn.sum(axis=1) == sum(counts)).all()
    assert drawn.mean(axis=0) == pytest.approx(np.array(counts), rel=0.25)


def test_blocks_add_up_to_the_resamples_asked_for():
    blocks = list(weight_blocks(np.ones(3000, dtype=np.int64), 1500, seed=0))
    assert sum(len(block) for block in blocks) == 1500
    assert len(blocks) > 1
