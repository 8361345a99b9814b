"""What holds for every metric of texts, whatever its formula."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.metrics import scoring
from evaluation.metrics.base import Pair
from evaluation.metrics.registry import METRICS, build
from evaluation.metrics.scoring import score, score_systems
from tests.evaluation.metrics.factories import TEXTS, item, pair, real_pairs, scored

OVERLAP = [
    "bleu",
    "chrf",
    "chrf++",
    "rouge1",
    "rouge2",
    "rougeL",
    "rougeLsum",
    "rougeS",
    "meteor_exact_stem",
    "token_f1",
]
SIMILARITY = [*OVERLAP, "exact_match"]
TEXTUAL = [*SIMILARITY, "ter", "distinct1", "distinct2", "repetition", "length_ratio", "language_match"]
SYMMETRIC = ["rouge1", "rouge2", "rougeL", "rougeS", "token_f1", "exact_match"]


def top(name: str) -> float:
    return METRICS[name].top or 0.0


@pytest.mark.parametrize("name", SIMILARITY)
@given(hypothesis=TEXTS, reference=TEXTS)
def test_values_stay_within_their_bounds(name: str, hypothesis: str, reference: str) -> None:
    value = item(name, hypothesis, reference)
    assert value is None or 0 <= value <= top(name) * (1 + 1e-12)


@pytest.mark.parametrize("name", SIMILARITY)
@given(text=TEXTS)
def test_an_identical_pair_scores_the_maximum(name: str, text: str) -> None:
    value = item(name, text, text)
    assert value is None or value == pytest.approx(top(name))


@pytest.mark.parametrize("name", SIMILARITY)
@pytest.mark.parametrize("text", ["好", "Yes", "Python 好", "微调", "a"])
def test_one_word_against_itself_is_the_maximum(name: str, text: str) -> None:
    assert item(name, text, text) == pytest.approx(top(name))


@pytest.mark.parametrize("name", SYMMETRIC)
@given(left=TEXTS.filter(str.strip), right=TEXTS.filter(str.strip))
def test_f_scores_are_symmetric(name: str, left: str, right: str) -> None:
    forwards = item(name, left, right, language="zh")
    assert item(name, right, left, language="zh") == pytest.approx(forwards)


@pytest.mark.parametrize("name", [*SIMILARITY, "ter", "length_ratio"])
@given(hypothesis=TEXTS, references=st.lists(TEXTS, min_size=2, max_size=3))
def test_the_order_of_references_does_not_matter(name: str, hypothesis: str, references: list[str]) -> None:
    forwards = item(name, hypothesis, *references, language="zh")
    assert item(name, hypothesis, *references[::-1], language="zh") == pytest.approx(forwards)


@pytest.mark.parametrize("name", OVERLAP[1:])  # BLEU's brevity penalty looks at the closest length
def test_another_reference_never_makes_overlap_worse(name: str) -> None:
    one = item(name, "今天天气很好", "今天下雨", language="zh")
    two = item(name, "今天天气很好", "今天下雨", "今天的天气很好", language="zh")
    assert one is not None
    assert two is not None
    assert two >= one


@pytest.mark.parametrize("name", TEXTUAL)
def test_items_do_not_depend_on_their_order(name: str) -> None:
    pairs = real_pairs()
    shuffled = random.Random(1).sample(pairs, len(pairs))
    values = {one.id: one.value for one in scored(name, pairs).items}
    again = scored(name, shuffled)
    assert {one.id: one.value for one in again.items} == values
    assert again.value == pytest.approx(scored(name, pairs).value)


@pytest.mark.parametrize("name", TEXTUAL)
def test_chunks_do_not_change_a_score(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = scored(name, real_pairs(), resamples=20)
    monkeypatch.setattr(scoring, "CHUNK_PAIRS", 2)
    assert scored(name, real_pairs(), resamples=20) == whole


@pytest.mark.parametrize("name", [*SIMILARITY, "distinct1", "repetition", "length_ratio", "language_match"])
def test_an_empty_output_scores_0_and_is_flagged(name: str) -> None:
    one = scored(name, [pair(" \n", "参考答案", language="zh")]).items[0]
    assert (one.value, one.flags[0]) == (0.0, "empty_hypothesis")


@pytest.mark.parametrize("name", ["rouge1", "rouge2", "rougeL", "rougeLsum", "rougeS", "meteor_exact_stem", "token_f1"])
@pytest.mark.parametrize(("hypothesis", "reference"), [("！！！", "好的"), ("好的", "……"), ("?!", "yes")])
def test_text_without_tokens_is_an_error_of_its_row(name: str, hypothesis: str, reference: str) -> None:
    found = scored(name, [pair(hypothesis, reference), pair("好的", "好的", id="2")])
    assert [(one.value, one.reason) for one in found.items] == [(None, "no_tokens"), (1.0, None)]
    assert (found.n, found.value, found.reasons) == (1, 1.0, {"no_tokens": 1})


@pytest.mark.parametrize("name", SIMILARITY)
def test_a_pair_without_a_reference_is_out(name: str) -> None:
    found = scored(name, [pair("好", "", " ", language="zh")])
    assert (found.items[0].reason, found.value, found.reason) == ("empty_reference", None, "no row can be scored")


@pytest.mark.parametrize("name", TEXTUAL)
def test_no_pairs_give_no_number(name: str) -> None:
    assert scored(name, []).value is None


def test_systems_in_one_pass_score_as_they_do_alone() -> None:
    ours = real_pairs()
    theirs = [Pair(one.id, one.references[0], (one.hypothesis,), one.language) for one in ours]
    metrics = [build(name) for name in TEXTUAL]
    together = score_systems({"a": lambda: ours, "b": lambda: theirs}, metrics, resamples=10)
    assert together["b"] == score(theirs, [build(name) for name in TEXTUAL], resamples=10)
