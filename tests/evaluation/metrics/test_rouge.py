import pytest
from hypothesis import given
from rouge_score.rouge_scorer import RougeScorer

from evaluation.metrics.registry import build
from evaluation.metrics.rouge import skip_bigrams
from evaluation.metrics.workspace import Workspace
from sftlab.text.segmentation import segment
from tests.evaluation.metrics.factories import CHINESE, ENGLISH, item, pair, scored

NAMES = ["rouge1", "rouge2", "rougeL", "rougeLsum"]

# google-research/rouge, testdata/pyrouge_files/target.0.txt and prediction.0.txt, scored there by ROUGE-1.5.5.
TARGET = (
    "ZfbCUIUuePaiLVUlCaUXxkpu XPeWing tUHfPMuZ',-Xd Y BrUgVJing M-HV.-DgdDaY.rFDJCRing Ht-LM EKBDXkME,yz'RBr q'wtion "
    "wIojNbN wL,b .a-'XdQggyFl jB-RPP'iyOIcUxer tKM L"
)
PREDICTION = "rFDJCRtion Ht-LM EKtDXkME,yz'RBr q'wer wrojNbN wL,b .a-'XdQggyFl jB-RPP'iyOIcUxi"


def test_rouge_1_5_5_testdata_line_0() -> None:
    one = scored("rouge1", [pair(PREDICTION, TARGET, language="en")])
    assert (one.parts["precision"], one.parts["recall"]) == pytest.approx((0.6875, 0.4074), abs=5e-5)
    assert one.value == pytest.approx(0.5116, abs=5e-5)
    assert item("rouge2", PREDICTION, TARGET, language="en") == pytest.approx(0.3902, abs=5e-5)


def test_lsum_takes_the_union_over_lines_and_counts_a_token_once() -> None:
    # Lin 2004, section 3.2, with ROUGE-1.5.5's clipping; the two-line case of rouge_score's own tests.
    found = scored("rougeLsum", [pair("w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5", "w1 w2 w3 w4 w5", language="en")])
    assert (found.parts["precision"], found.parts["recall"], found.value) == pytest.approx((0.4, 0.8, 0.533), abs=5e-4)


class Tokens:
    def __init__(self, language: str) -> None:
        self.language = language

    def tokenize(self, text: str) -> list[str]:
        return segment(text, self.language)


@given(ENGLISH, ENGLISH)
def test_english_equals_rouge_score(hypothesis: str, reference: str) -> None:
    _equals_rouge_score(hypothesis, reference, "en")


@given(CHINESE, CHINESE)
def test_chinese_equals_rouge_score_on_the_same_tokens(hypothesis: str, reference: str) -> None:
    _equals_rouge_score(hypothesis, reference, "zh")


def _equals_rouge_score(hypothesis: str, reference: str, language: str) -> None:
    if not segment(hypothesis, language) or len(segment(reference, language)) < 2:
        return
    expected = RougeScorer(NAMES, tokenizer=Tokens(language)).score(reference, hypothesis)
    found = {name: item(name, hypothesis, reference, language=language) for name in NAMES}
    assert found == pytest.approx({name: score.fmeasure for name, score in expected.items()})


def test_the_best_reference_counts() -> None:
    found = scored("rougeL", [pair("the cat sat", "a dog ran", "the cat sat down", language="en")])
    assert (found.parts["precision"], found.parts["recall"]) == (1, 0.75)


@pytest.mark.parametrize(("hypothesis", "value"), [("好", 1.0), ("坏", 0.0)])
def test_texts_too_short_for_a_bigram_score_by_equality_and_are_flagged(hypothesis: str, value: float) -> None:
    one = scored("rouge2", [pair(hypothesis, "好", language="zh")]).items[0]
    assert (one.value, one.flags) == (value, ["too_short"])


def test_mixed_texts_do_not_match_by_their_ascii_alone() -> None:
    # rouge_score gives 1.0 here: only "Python 3.11" survives its filter.
    value = item("rouge1", "我讨厌 Python 3.11", "大家都喜欢新的 Python 3.11", language="zh")
    assert value is not None
    assert 0 < value < 0.8


def test_skip_bigrams_span_at_most_four_others() -> None:
    assert skip_bigrams(list("abcdefg"))[("a", "f")] == 1
    assert ("a", "g") not in skip_bigrams(list("abcdefg"))


def test_rouge_s_by_hand() -> None:
    # "a b c": ab, ac, bc; "a c b": ac, ab, cb; two shared of three.
    assert item("rougeS", "a b c", "a c b", language="en") == pytest.approx(2 / 3)


def test_segmenters_can_be_chosen_and_are_signed() -> None:
    metric = build("rougeL", {"chinese": "char"})
    rows = metric.rows([pair("你好", "您好", language="zh")], Workspace())
    assert rows.statistics[0, 0] == 0.5
    assert "tok:char-v1" in metric.signature
