import numpy as np
import pytest

from sftlab.stats.agreement import agreement
from sftlab.stats.rater_resampling import COMPARED, TOO_FEW_RATERS, two_way_draws
from sftlab.stats.ratings import Level, Ratings


def ratings(raters=12, units=60, level=Level.ORDINAL):
    """Some raters are careless, so that agreement depends on who is drawn."""
    rng = np.random.default_rng(1)
    truth = rng.integers(1, 6, (units, 1))
    careless = np.arange(raters) % 3 == 0
    noise = rng.integers(-1, 2, (units, raters)) * np.where(careless, 2, 0)
    table = np.clip(truth + noise, 1, 5).astype(float)
    table[rng.random(table.shape) < 0.3] = np.nan
    return Ratings.from_table(table, level=level)


@pytest.mark.parametrize("level", list(Level))
def test_draws_lie_around_the_coefficients(level):
    table = ratings(level=level)
    values = agreement(table, level=level, resamples=0)
    for name, draws in two_way_draws(table, level, 200, seed=0).items():
        assert np.quantile(draws, 0.02) < values[name].value < np.quantile(draws, 0.98), name


def test_intervals_over_raters_are_wider_and_labelled():
    units = agreement(ratings(), level=Level.ORDINAL, resamples=300)
    both = agreement(ratings(), level=Level.ORDINAL, resamples=300, resample_raters=True)
    for name in COMPARED:
        assert both[name].high - both[name].low > units[name].high - units[name].low
        assert both[name].resampled == "units and raters"
    assert both["icc_1_1"].resampled == "units"


def test_copies_of_one_rater_are_not_compared_with_each_other():
    """Raters who answer at random agree by chance however often each is drawn."""
    random = np.random.default_rng(0).integers(1, 3, (2000, 10)).astype(float)
    draws = two_way_draws(Ratings.from_table(random, level=Level.NOMINAL), Level.NOMINAL, 40, seed=0)
    assert np.abs(draws["fleiss_kappa"]).max() < 0.03


def test_nine_raters_are_too_few_and_the_result_says_so():
    alpha = agreement(ratings(raters=9), level=Level.ORDINAL, resamples=50, resample_raters=True)["krippendorff_alpha"]
    assert (alpha.reason, alpha.resampled) == (TOO_FEW_RATERS, "units")
    assert alpha.low < alpha.value < alpha.high
