import numpy as np
import pytest

from sftlab.text.duplicates import (
    PERMUTATIONS,
    ContaminationIndex,
    NearDuplicates,
    jaccard,
    minhash,
    near_duplicates,
    shingles,
)

CHINESE = "请用通俗的语言解释什么是监督微调，并举两个在客服场景里的例子，最后说明它和预训练的区别。"
ENGLISH = "Explain in plain words what supervised fine-tuning is, and give two examples from customer support work."


def test_a_changed_word_is_a_near_duplicate_in_both_languages() -> None:
    texts = [CHINESE, ENGLISH, CHINESE.replace("通俗", "简单"), ENGLISH.replace("plain", "simple")]
    assert [(number, near.key) for number, near in near_duplicates(texts, 0.6)] == [(2, 0), (3, 1)]


def test_width_case_and_punctuation_do_not_hide_a_duplicate() -> None:
    index = NearDuplicates()
    index.add(7, ENGLISH)
    assert index.find(ENGLISH.upper().replace(",", "，")) == [(7, 1.0)]


def test_texts_without_words_are_no_duplicates() -> None:
    assert list(near_duplicates(["!!!", "!!!", ""])) == []


def test_minhash_estimates_the_jaccard_similarity() -> None:
    left = shingles(" ".join(map(str, range(400))), 1)
    right = shingles(" ".join(map(str, range(100, 500))), 1)
    assert jaccard(left, right) == pytest.approx(0.6)
    assert np.mean(minhash(left) == minhash(right)) == pytest.approx(0.6, abs=3 * (0.24 / PERMUTATIONS) ** 0.5)


def test_signatures_are_the_same_in_every_process() -> None:
    assert minhash(shingles("监督微调"))[:2].tolist() == [3357248310, 2627917744]


def test_an_item_inside_a_training_row_is_contaminated() -> None:
    index = ContaminationIndex([f"背景：{CHINESE} 请分点作答。", "与此无关的一行。"])
    assert index.check(CHINESE).overlap == 1.0
    assert index.check(CHINESE).contaminated


def test_a_short_item_is_compared_whole() -> None:
    index = ContaminationIndex(["今天天气很好，我们去公园。"])
    assert index.check("天气很好").overlap == 1.0
    assert not index.check("天气不好").contaminated


def test_text_of_another_language_is_clean() -> None:
    assert not ContaminationIndex([CHINESE]).check(ENGLISH).contaminated
