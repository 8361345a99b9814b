import numpy as np
import pytest

from sftlab.stats.davidson import Model, Terms, fit, information
from sftlab.stats.votes import Votes, win_matrix
from tests.sftlab.stats.simulated_votes import Population, Study, study_votes


@pytest.fixture(scope="module")
def votes():
    return study_votes(Population(), Study(items=20), np.random.default_rng(0))


def log_likelihood(model, parameters, counts):
    """Written out from the model's definition, outcome by outcome."""
    total = 0.0
    for left, right, row in zip(model.cells.left, model.cells.right, counts, strict=True):
        eta = parameters[left] - parameters[right] + parameters[-2]
        odds = np.exp([eta / 2, -eta / 2, parameters[-1]])
        total += (row * np.log(odds / odds.sum())).sum()
    return total


def test_the_fit_is_a_maximum(votes):
    model = Model(votes.cells, Terms())
    best = fit(model, votes.cells.counts[None])[0]
    rng = np.random.default_rng(1)
    for _ in range(50):
        other = best + rng.normal(0, 0.05, len(best))
        assert log_likelihood(model, other, votes.cells.counts) < log_likelihood(model, best, votes.cells.counts)


def test_information_is_the_curvature_of_the_likelihood(votes):
    model = Model(votes.cells, Terms())
    at = np.array([0.3, -0.2, 0.1, -0.2, 0.2, -0.5])
    matrix = information(model, model.chances(at[None]), votes.cells.votes)[0]
    step = 1e-4 * np.eye(len(at))

    def second_difference(a, b):
        values = [
            sign * log_likelihood(model, at + one + other, votes.cells.counts)
            for one, other, sign in [(a, b, 1), (a, -b, -1), (-a, b, -1), (-a, -b, 1)]
        ]
        return -sum(values) / 4e-8

    numeric = np.array([[second_difference(a, b) for b in step] for a in step])
    assert matrix == pytest.approx(numeric, abs=0.05)


def test_strengths_have_mean_0(votes):
    assert fit(Model(votes.cells, Terms()), votes.cells.counts[None])[0][:4].mean() == pytest.approx(0)


def test_fits_done_together_equal_fits_done_alone(votes):
    model = Model(votes.cells, Terms())
    counts = np.random.default_rng(2).poisson(votes.cells.counts, (5, *votes.cells.counts.shape)).astype(float)
    alone = np.concatenate([fit(model, one[None]) for one in counts])
    assert fit(model, counts) == pytest.approx(alone)


def test_a_weighting_without_a_finite_maximum_is_nan(votes):
    model = Model(votes.cells, Terms())
    one_sided = votes.cells.counts.copy()
    one_sided[votes.cells.left == 0] *= [1, 0, 0]
    one_sided[votes.cells.right == 0] *= [0, 1, 0]
    found = fit(model, np.stack([one_sided, votes.cells.counts]))
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1]).all()


def test_the_win_matrix_counts_both_sides_and_ties_as_half():
    votes = Votes.from_columns("AABA", "BBAC", ["left", "tie", "right", "both_bad"])
    matrix = win_matrix(votes)
    assert matrix.wins.tolist() == [[0, 2, 0], [0, 0, 0], [0, 0, 0]]
    assert matrix.rates[0, 1] == pytest.approx(2.5 / 3)
    assert matrix.rates[0, 2] == 0.5
    assert np.isnan(matrix.rates[1, 2])
