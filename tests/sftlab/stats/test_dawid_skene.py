import numpy as np
import pytest

from sftlab.stats.dawid_skene import ONE_CLASS, ONE_RATER, dawid_skene

# Dawid & Skene 1979, table 1: 45 patients; observer 1 rated three times, observers 2 to 5 once each.
RATINGS = (
    "111111133343431122122222312122232222223322122211133334332222223232222344444442223343111111122232121211111"
    "111211111111111111111222222122213222222222222222122232222212222111111111111112322222111111111111111121121"
    "111111133332331111111222222222232324334343221223223232333333432111111111111111212111232222212111112222222"
)
OBSERVERS = "1112345"


def anaesthetists():
    batched = [RATINGS[start : start + len(OBSERVERS)] for start in range(0, len(RATINGS), len(OBSERVERS))]
    ratings = [
        (f"{unit:02d}", observer, label)
        for unit, row in enumerate(batched)
        for observer, label in zip(OBSERVERS, row, strict=True)
    ]
    return dawid_skene(*zip(*ratings, strict=True))


def test_the_anaesthetists_of_dawid_and_skene():
    """Dawid & Skene 1979, table 2: marginal probabilities of the four classes."""
    found = anaesthetists()
    assert found.converged
    assert found.shares == pytest.approx([0.40, 0.42, 0.11, 0.07], abs=5e-3)
    assert found.truth.argmax(axis=1)[[0, 1, 10]].tolist() == [0, 3, 3]


def test_rows_are_probabilities():
    found = anaesthetists()
    assert found.truth.sum(axis=1) == pytest.approx(np.ones(45))
    assert found.confusion.sum(axis=2) == pytest.approx(np.ones((5, 4)))


def test_error_rates_and_truth_are_recovered():
    rng = np.random.default_rng(4)
    truth = rng.choice(3, 800, p=[0.5, 0.3, 0.2])
    accuracies = [0.9, 0.8, 0.6, 0.75]
    units, raters, labels = [], [], []
    for rater, accuracy in enumerate(accuracies):
        right = rng.random(800) < accuracy
        said = np.where(right, truth, (truth + rng.integers(1, 3, 800)) % 3)
        units += [f"{unit:03d}" for unit in range(800)]
        raters += [str(rater)] * 800
        labels += [str(label) for label in said]
    found = dawid_skene(units, raters, labels)
    assert found.accuracy == pytest.approx(accuracies, abs=0.05)
    assert np.mean(found.truth.argmax(axis=1) == truth) > 0.9
    assert found.shares == pytest.approx([0.5, 0.3, 0.2], abs=0.05)


def test_who_answers_like_the_others_is_told_from_who_guesses():
    rng = np.random.default_rng(5)
    truth = rng.choice(3, 400)
    labels = [np.where(rng.random(400) < 0.9, truth, rng.integers(0, 3, 400)) for _ in range(3)]
    labels.append(rng.integers(0, 3, 400))
    units = [f"{unit:03d}" for unit in range(400)] * 4
    raters = [name for name in "abcz" for _ in range(400)]
    found = dawid_skene(units, raters, [str(label) for column in labels for label in column])
    shares = found.with_others / found.compared
    assert found.compared.tolist() == [400] * 4
    assert shares[:3].min() > 0.85
    assert shares[3] == pytest.approx(1 / 3, abs=0.06)


def test_a_rating_that_stands_alone_is_compared_with_nobody():
    found = dawid_skene(["1", "1", "2"], ["a", "b", "b"], ["x", "y", "x"])
    assert found.compared.tolist() == [1, 1]


def test_nothing_to_tell_apart():
    assert dawid_skene(["1", "2"], ["a", "b"], ["x", "x"]).reason == ONE_CLASS
    assert dawid_skene(["1", "2"], ["a", "a"], ["x", "y"]).reason == ONE_RATER
