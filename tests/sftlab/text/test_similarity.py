import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import _create_ngrams, _score_lcs, _score_ngrams

from sftlab.text.similarity import chrf, edit_similarity, lcs_prf, ngram_prf

TOKENS = st.lists(st.sampled_from("abcde"), max_size=30)
TEXT = st.text(st.sampled_from("ab 天地好。, "), max_size=40)


@given(TOKENS, TOKENS)
def test_lcs_equals_rouge_score(hypothesis: list[str], reference: list[str]) -> None:
    assert tuple(lcs_prf(hypothesis, reference)) == pytest.approx(tuple(_score_lcs(reference, hypothesis)))


@given(TOKENS, TOKENS, st.integers(1, 3))
def test_ngrams_equal_rouge_score(hypothesis: list[str], reference: list[str], n: int) -> None:
    expected = _score_ngrams(_create_ngrams(reference, n), _create_ngrams(hypothesis, n))
    assert tuple(ngram_prf(hypothesis, reference, n)) == pytest.approx(tuple(expected))


@given(TEXT, TEXT)
def test_chrf_equals_sacrebleu(hypothesis: str, reference: str) -> None:
    assert chrf(hypothesis, reference) == pytest.approx(sacrebleu.sentence_chrf(hypothesis, [reference]).score / 100)


@given(TEXT.filter(str.strip))
def test_identity_is_one(text: str) -> None:
    assert chrf(text, text) == pytest.approx(1)
    assert edit_similarity(text, text) == 1


def test_edit_similarity_counts_characters() -> None:
    assert edit_similarity("监督微调", "监督学习") == 0.5
