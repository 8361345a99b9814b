import random

import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.lib_ter import translation_edit_rate

from evaluation.metrics.ter_edits import edits
from tests.evaluation.metrics.factories import CHINESE, ENGLISH, item, pair, scored


@given(st.lists(st.tuples(ENGLISH, ENGLISH, ENGLISH), min_size=1, max_size=3))
def test_english_equals_sacrebleu(rows) -> None:
    _equals_sacrebleu(rows, "en", sacrebleu.TER())


@given(st.lists(st.tuples(CHINESE, CHINESE, CHINESE), min_size=1, max_size=3))
def test_chinese_equals_sacrebleu_with_asian_support(rows) -> None:
    _equals_sacrebleu(rows, "zh", sacrebleu.TER(normalized=True, asian_support=True))


def _equals_sacrebleu(rows, language: str, peer: sacrebleu.TER) -> None:
    rows = [row for row in rows if all(text.strip() for text in row)]
    if not rows:
        return
    found = scored("ter", [pair(h, *refs, language=language) for h, *refs in rows])
    streams = [[row[1] for row in rows], [row[2] for row in rows]]
    assert found.value == pytest.approx(peer.corpus_score([row[0] for row in rows], streams).score)


@given(
    st.lists(st.integers(0, 6), max_size=25),
    st.lists(st.integers(0, 6), max_size=25),
    st.sampled_from([1, 3, 6]),
)
def test_edits_equal_sacrebleu_far_from_the_diagonal_too(ours: list[int], theirs: list[int], times: int) -> None:
    hypothesis, reference = [[str(word) for word in words] for words in (ours * times, theirs)]
    assert edits(hypothesis, reference) == translation_edit_rate(hypothesis, reference)[0]


def test_edits_equal_sacrebleu_on_long_texts_that_differ_much() -> None:
    rng = random.Random(0)
    hypothesis, reference = (rng.choices("abcdefghijklmnopqrst", k=length) for length in (90, 60))
    assert edits(hypothesis, reference) == translation_edit_rate(hypothesis, reference)[0]


def test_a_moved_block_is_one_edit() -> None:
    # Snover et al. 2006, figure 1: one shift, two substitutions, one insertion over 13 words.
    reference = "SAUDI ARABIA denied THIS WEEK information published in the AMERICAN new york times"
    hypothesis = "THIS WEEK THE SAUDIS denied information published in the new york times"
    assert item("ter", hypothesis, reference, language="en") == pytest.approx(100 * 4 / 13)


def test_no_output_has_all_of_the_reference_to_insert() -> None:
    one = scored("ter", [pair("", "two words", language="en")]).items[0]
    assert (one.value, one.flags) == (100.0, ["empty_hypothesis"])
