import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st

from tests.evaluation.metrics.factories import CHINESE, ENGLISH, item, pair, scored

# sacrebleu's own test vector, test/test_bleu.py: three sentences, two references each.
HYPOTHESES = ["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."]
REFERENCES = [
    ("The dog bit the man.", "The dog had bit the man."),
    ("It was not unexpected.", "No one was surprised."),
    ("The man bit him first.", "The man had bitten the dog."),
]


@pytest.mark.parametrize(("tokeniser", "expected"), [("13a", 48.53), ("none", 49.19), ("intl", 43.92)])
def test_published_vector_of_sacrebleu(tokeniser: str, expected: float) -> None:
    pairs = [pair(h, *refs, language="en") for h, refs in zip(HYPOTHESES, REFERENCES, strict=True)]
    assert scored("bleu", pairs, english=tokeniser).value == pytest.approx(expected, abs=0.005)


@given(st.lists(st.tuples(ENGLISH, ENGLISH, ENGLISH), min_size=1, max_size=5))
def test_english_equals_sacrebleu(rows) -> None:
    _equals_sacrebleu(rows, "en", "13a")


@given(st.lists(st.tuples(CHINESE, CHINESE, CHINESE), min_size=1, max_size=5))
def test_chinese_equals_sacrebleu(rows) -> None:
    _equals_sacrebleu(rows, "zh", "zh")


def _equals_sacrebleu(rows, language: str, tokeniser: str) -> None:
    rows = [row for row in rows if all(text.strip() for text in row)]
    if not rows:
        return
    found = scored("bleu", [pair(h, *refs, language=language) for h, *refs in rows])
    peer = sacrebleu.BLEU(tokenize=tokeniser, effective_order=True)
    streams = [[row[1] for row in rows], [row[2] for row in rows]]
    assert found.value == pytest.approx(peer.corpus_score([row[0] for row in rows], streams).score, abs=1e-9)
    expected = [peer.sentence_score(h, refs).score for h, *refs in rows]
    assert [one.value for one in found.items] == pytest.approx(expected, abs=1e-9)


def test_chinese_is_never_cut_as_english() -> None:
    text = ("监督微调让模型学会回答问题", "监督微调教会模型回答问题")
    assert item("bleu", *text, language="zh") == item("bleu", *text, language="") == item("bleu", *text, language="en")
    assert "zh-v1" in scored("bleu", [pair(*text, language="en")]).signature


def test_one_equal_character_is_100() -> None:
    assert item("bleu", "好", "好", language="zh") == pytest.approx(100)


def test_parts_name_precisions_and_brevity() -> None:
    parts = scored("bleu", [pair("the cat", "the cat sat on the mat", language="en")]).parts
    assert parts["p1"] == 100
    assert parts["ratio"] == pytest.approx(1 / 3)
    assert parts["bp"] == pytest.approx(2.718281828 ** (1 - 3))
