import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score

from sftlab.stats.agreement import COEFFICIENTS, agreement
from sftlab.stats.chance_corrected import fleiss_z
from sftlab.stats.ratings import Level, Ratings
from sftlab.stats.reasons import (
    NEEDS_NUMBERS,
    NEEDS_TWO_RATERS,
    NO_COMPLETE_UNITS,
    NO_SPREAD,
    NO_UNITS,
    NO_VARIANCE,
    UNDEFINED,
)
from tests.sftlab.stats import published


def coefficients(table, level=Level.NOMINAL, resamples=0):
    return agreement(Ratings.from_table(table, level=level), level=level, resamples=resamples)


def value(name, table, level=Level.NOMINAL):
    return coefficients(table, level)[name].value


@pytest.mark.parametrize(
    ("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_alpha_of_krippendorffs_four_observers(level, alpha):
    assert value("krippendorff_alpha", published.FOUR_OBSERVERS, Level(level)) == pytest.approx(alpha, abs=5e-4)


def test_alpha_of_krippendorffs_two_observers():
    assert value("krippendorff_alpha", published.BINARY) == pytest.approx(0.095, abs=5e-4)
    assert value("krippendorff_alpha", published.NOMINAL) == pytest.approx(0.692, abs=5e-4)


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("values", [4, 300])
def test_alpha_equals_the_krippendorff_package(level, values):
    rng = np.random.default_rng(7)
    table = rng.integers(1, values, (60, 1)) + rng.integers(0, 3, (60, 4)).astype(float)
    table[rng.random(table.shape) < 0.2] = np.nan
    ours = value("krippendorff_alpha", table, level)
    assert ours == pytest.approx(krippendorff.alpha(table.T, level_of_measurement=level.value), abs=1e-9)


def test_gwet_2014_four_raters_with_missing_ratings():
    found = coefficients(published.FOUR_OBSERVERS)
    assert found["gwet_ac1"].value == pytest.approx(0.775, abs=5e-4)
    assert found["gwet_ac1"].standard_error == pytest.approx(0.143, abs=5e-4)
    assert found["fleiss_kappa"].value == pytest.approx(0.761, abs=5e-4)
    assert found["percent_agreement"].value == pytest.approx(0.818, abs=5e-4)


def test_fleiss_kappa_of_the_thirty_patients():
    patients = Ratings.from_table(published.PATIENTS, level=Level.NOMINAL)
    assert value("fleiss_kappa", published.PATIENTS) == pytest.approx(0.430, abs=5e-4)
    assert fleiss_z(patients) == pytest.approx(17.65, abs=5e-3)


def test_fleiss_kappa_of_the_wikipedia_example():
    assert value("fleiss_kappa", published.from_counts(published.SUBJECTS)) == pytest.approx(0.210, abs=5e-4)


@pytest.mark.parametrize(
    ("name", "icc"),
    [
        ("icc_1_1", 0.17),
        ("icc_2_1", 0.29),
        ("icc_3_1", 0.71),
        ("icc_1_k", 0.44),
        ("icc_2_k", 0.62),
        ("icc_3_k", 0.91),
    ],
)
def test_icc_of_shrout_and_fleiss_table_2(name, icc):
    assert value(name, published.TARGETS, Level.INTERVAL) == pytest.approx(icc, abs=5e-3)


def test_cohen_kappa_of_the_sas_example():
    found = coefficients(published.crossed(published.SAS), Level.ORDINAL)
    assert found["cohen_kappa"].value == pytest.approx(0.4842, abs=5e-5)
    assert found["cohen_kappa"].standard_error == pytest.approx(0.1380, abs=5e-5)
    assert found["cohen_kappa_linear"].value == pytest.approx(0.4701, abs=5e-5)
    assert found["cohen_kappa_linear"].standard_error == pytest.approx(0.1457, abs=5e-5)


@pytest.mark.parametrize("weights", ["linear", "quadratic"])
def test_weighted_kappas_equal_those_of_scikit_learn(weights):
    rng = np.random.default_rng(6)
    first = rng.integers(1, 6, 80)
    second = np.clip(first + rng.integers(-2, 3, 80), 1, 5)
    found = value(f"cohen_kappa_{weights}", list(zip(first.tolist(), second.tolist(), strict=True)), Level.ORDINAL)
    assert found == pytest.approx(cohen_kappa_score(first, second, weights=weights))


def test_mean_spearman_is_the_mean_of_scipys():
    rng = np.random.default_rng(7)
    table = np.clip(rng.integers(1, 6, (40, 1)) + rng.integers(-1, 2, (40, 3)), 1, 5)
    pairs = [spearmanr(table[:, a], table[:, b]).statistic for a, b in ((0, 1), (0, 2), (1, 2))]
    assert value("mean_spearman", table.tolist(), Level.ORDINAL) == pytest.approx(np.mean(pairs))


def test_kendall_w_is_1_plus_spearman_over_raters_without_ties():
    """Kendall & Gibbons 1990: mean Spearman = (m W − 1) / (m − 1)."""
    table = np.random.default_rng(3).normal(size=(20, 4))
    found = coefficients(table, Level.INTERVAL)
    assert found["mean_spearman"].value == pytest.approx((4 * found["kendall_w"].value - 1) / 3)


def test_kendall_w_corrects_for_ties():
    assert value("kendall_w", [[1, 1], [1, 1], [2, 2], [3, 3]], Level.ORDINAL) == pytest.approx(1)


def test_scott_pi_equals_fleiss_kappa_of_two_raters():
    table = published.crossed(published.SAS)
    assert value("scott_pi", table) == pytest.approx(value("fleiss_kappa", table))


def test_ordinal_weights_of_ac2_are_not_krippendorffs_ordinal_metric():
    found = coefficients(published.FOUR_OBSERVERS, Level.ORDINAL)
    assert found["gwet_ac2"].value != pytest.approx(found["krippendorff_alpha"].value, abs=0.01)


def test_no_variance_is_undefined_with_percent_agreement_beside_it():
    found = coefficients([[3, 3]] * 5, Level.INTERVAL)
    assert found["percent_agreement"].value == 1
    for name in ("krippendorff_alpha", "cohen_kappa", "fleiss_kappa", "gwet_ac1", "scott_pi"):
        assert (found[name].value, found[name].reason) == (None, NO_VARIANCE)
    for name in ("icc_1_1", "icc_3_k", "kendall_w", "mean_spearman"):
        assert (found[name].value, found[name].reason) == (None, UNDEFINED)


def test_perfect_agreement_has_no_interval_because_resampling_shows_no_spread():
    alpha = coefficients([[1, 1], [2, 2], [3, 3]] * 20, resamples=50)["krippendorff_alpha"]
    assert (alpha.value, alpha.low, alpha.high, alpha.reason) == (1, None, None, NO_SPREAD)


def test_names_have_no_numeric_coefficients():
    assert coefficients(published.NOMINAL)["icc_2_1"].reason == NEEDS_NUMBERS


def test_cohen_is_for_two_raters():
    assert coefficients(published.PATIENTS)["cohen_kappa"].reason == NEEDS_TWO_RATERS


def test_units_with_one_rating_are_left_out_and_counted():
    alpha = coefficients([*published.BINARY, (1, None), (None, None)])["krippendorff_alpha"]
    assert (alpha.n, alpha.left_out) == (10, 1)
    assert alpha.value == pytest.approx(0.095, abs=5e-4)


def test_icc_2_needs_units_that_every_rater_rated():
    found = coefficients([[1, 2, None], [2, None, 3], [None, 4, 5]], Level.INTERVAL)
    assert found["icc_2_1"].reason == NO_COMPLETE_UNITS
    assert found["icc_1_1"].value is not None


def test_one_rater_agrees_with_nobody():
    found = coefficients([[1], [2]], Level.ORDINAL)
    assert found["percent_agreement"].reason == NO_UNITS
    assert all(found[name].value is None for name in COEFFICIENTS)


def test_intervals_hold_the_value_and_repeat_with_the_seed():
    once, again = (coefficients(published.PATIENTS, resamples=400)["fleiss_kappa"] for _ in range(2))
    assert once.low < once.value < once.high
    assert once == again


def test_continuous_ratings_do_not_need_a_table_of_all_values():
    table = np.random.default_rng(0).normal(10, 1, (3000, 3))
    found = coefficients(table, Level.INTERVAL, resamples=20)
    assert found["krippendorff_alpha"].value == pytest.approx(0, abs=0.05)
    assert "3000" not in str(found["fleiss_kappa"].reason)
    assert "9000" in str(found["fleiss_kappa"].reason)


tables = st.lists(
    st.lists(st.one_of(st.none(), st.integers(1, 5)), min_size=3, max_size=3), min_size=2, max_size=12
).filter(lambda rows: any(cell is not None for row in rows for cell in row))


def values(table, level=Level.ORDINAL):
    return {name: coefficient.value for name, coefficient in coefficients(table, level).items()}


@settings(max_examples=60, deadline=None)
@given(tables, st.randoms())
def test_order_of_units_and_raters_changes_nothing(table, random):
    units = random.sample(table, len(table))
    raters = random.sample(range(3), 3)
    permuted = [[row[rater] for rater in raters] for row in units]
    assert values(permuted) == pytest.approx(values(table))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=2, max_size=20).filter(lambda column: len(set(column)) > 1))
def test_perfect_agreement_is_1_everywhere(column):
    found = values([[rating] * 2 for rating in column])
    assert found == pytest.approx(dict.fromkeys(COEFFICIENTS, 1.0))


@pytest.mark.parametrize("seed", range(3))
def test_independent_ratings_are_near_0(seed):
    table = np.random.default_rng(seed).integers(1, 6, (4000, 2)).astype(float)
    found = values(table)
    for name in set(COEFFICIENTS) - {"percent_agreement", "kendall_w", "gwet_ac2"}:
        assert found[name] == pytest.approx(0, abs=0.08), name


@settings(max_examples=60, deadline=None)
@given(tables)
def test_every_missing_value_has_a_reason(table):
    for coefficient in coefficients(table, Level.INTERVAL, resamples=20).values():
        if coefficient.value is None or coefficient.low is None:
            assert coefficient.reason is not None
