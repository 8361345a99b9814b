import pytest

from tests.evaluation.metrics.factories import item, pair, scored


@pytest.mark.parametrize(
    ("hypothesis", "reference", "value"),
    [("ＡＢＣ  １２", "abc 12", 1), (" 北京\n", "北京", 1), ("北京市", "北京", 0), ("a b", "ab", 0)],
)
def test_exact_match_folds_width_case_and_white_space_only(hypothesis: str, reference: str, value: float) -> None:
    assert item("exact_match", hypothesis, reference) == value


def test_any_reference_may_match() -> None:
    assert item("exact_match", "Peking", "Beijing", "Peking") == 1


def test_token_f1_by_hand() -> None:
    # SQuAD: 2 shared words, 3 in the output, 4 in the reference.
    assert item("token_f1", "the red cat", "a red cat slept", language="en") == pytest.approx(2 * 2 / 7)


def test_interval_is_seeded() -> None:
    pairs = [pair("a" if n % 3 else "b", "a", id=str(n)) for n in range(30)]
    first, second = (scored("exact_match", pairs, resamples=200) for _ in range(2))
    assert (first.low, first.high) == (second.low, second.high)
    assert first.low is not None
    assert first.low < 2 / 3 < first.high
