import numpy as np
import pytest
import sacrebleu
from sacrebleu.significance import PairedTest

from evaluation.metrics.registry import build
from evaluation.metrics.resampling import compare, holm, interval
from evaluation.metrics.workspace import Workspace
from tests.evaluation.metrics.factories import pair

WORDS = ["监督", "微调", "模型", "数据", "the", "quick", "brown", "fox", "jumps", "over", "lazy", "dogs", "again"]


def mean(totals: np.ndarray) -> np.ndarray:
    return totals[..., 0] / totals[..., 1]


def rows(values: np.ndarray) -> np.ndarray:
    return np.column_stack([values, np.ones(len(values))])


def test_interval_of_a_mean_is_that_of_the_normal_law() -> None:
    values = np.random.default_rng(0).normal(5, 2, 400)
    low, high = interval(rows(values), mean, resamples=4000, seed=1)
    half = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.03)


def test_the_seed_decides_the_interval() -> None:
    statistics = rows(np.arange(50.0))
    assert interval(statistics, mean, resamples=100, seed=1) == interval(statistics, mean, resamples=100, seed=1)
    assert interval(statistics, mean, resamples=100, seed=1) != interval(statistics, mean, resamples=100, seed=2)


def test_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    intervals = [interval(rows(rng.normal(0, 1, 60)), mean, resamples=300, seed=n) for n in range(300)]
    covered = sum(low <= 0 <= high for low, high in intervals) / len(intervals)
    assert 0.90 <= covered <= 0.98


def test_holm_by_hand() -> None:
    # Holm 1979, section 3: ordered p times the number of hypotheses not yet rejected, never falling.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_equal_systems_do_not_differ() -> None:
    statistics = rows(np.random.default_rng(0).random(100))
    found = compare(statistics, statistics.copy(), mean, resamples=200)
    assert (found.difference, found.p_bootstrap, found.p_randomisation) == (0, 1, 1)


def test_swapping_the_systems_turns_the_difference_round() -> None:
    rng = np.random.default_rng(0)
    a, b = rows(rng.random(80)), rows(rng.random(80))
    there, back = compare(a, b, mean, resamples=500), compare(b, a, mean, resamples=500)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert there.p_randomisation == pytest.approx(back.p_randomisation, abs=0.06)


def test_p_values_under_no_difference_are_uniform() -> None:
    rng = np.random.default_rng(5)
    p_values = [
        compare(rows(rng.random(40)), rows(rng.random(40)), mean, resamples=200, seed=n).p_randomisation
        for n in range(200)
    ]
    assert np.mean(np.array(p_values) <= 0.05) <= 0.1
    assert 0.4 <= np.mean(p_values) <= 0.6


@pytest.mark.parametrize(("kind", "field"), [("bs", "p_bootstrap"), ("ar", "p_randomisation")])
def test_p_values_equal_sacrebleu(kind: str, field: str) -> None:
    """sacrebleu.significance is the peer; random streams differ, so equality is up to their error."""
    reference, a, b = _sentences(0), _sentences(0, 0.25), _sentences(0, 0.31)
    peer = sacrebleu.BLEU(tokenize="zh", effective_order=True)
    named = [("a", a), ("b", b)]
    _, scores = PairedTest(named, {"BLEU": peer}, [reference], test_type=kind, n_samples=2000)()
    metric = build("bleu")
    ours = [
        metric.rows([pair(h, r, language="zh") for h, r in zip(system, reference, strict=True)], Workspace()).statistics
        for system in (a, b)
    ]
    found = compare(ours[0], ours[1], metric.value, resamples=2000, seed=0)
    assert getattr(found, field) == pytest.approx(scores["BLEU"][1].p_value, abs=0.05)


def _sentences(seed: int, noise: float = 0.0) -> list[str]:
    rng = np.random.default_rng(seed)
    texts = [rng.choice(WORDS, 12).tolist() for _ in range(120)]
    other = np.random.default_rng(int(noise * 1000))
    return [" ".join("x" if other.random() < noise else word for word in words) for words in texts]
