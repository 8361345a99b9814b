import pytest

from annotation.gold import SCORERS, GoldAnswer, GoldFault, score


@pytest.mark.parametrize(("gold", "given", "passed"), [
    ({"scorer": "exact", "expected": "36"}, "36 ", True),
    ({"scorer": "exact", "expected": "36"}, "36.", False),
    ({"scorer": "normalized", "expected": "Indian Ocean"}, "indian  ocean.", True),
    ({"scorer": "normalized", "expected": "观点"}, "观点。", True),
    ({"scorer": "normalized", "expected": "观点"}, "事实", False),
    ({"scorer": "phrases", "required": ["face", "arm"]}, "Face, then ARM.", True),
    ({"scorer": "phrases", "required": ["face"], "forbidden": ["fever"]}, "Face and fever", False),
    ({"scorer": "rouge_l", "expected": "进房间前请先脱鞋。", "threshold": 0.6}, "进入房间前请脱鞋。", True),
    ({"scorer": "rouge_l", "expected": "The train leaves from platform nine", "threshold": 0.6}, "No idea", False),
    ({"scorer": "chrf", "expected": "She likes neither film.", "threshold": 0.9}, "She likes neither film.", True),
])  # fmt: skip
def test_a_text_passes_or_fails(gold, given, passed):
    assert score(gold, {"output": given}).passed is passed


@pytest.mark.parametrize(("given", "passed"), [({"a": 4, "b": 2}, True), ({"a": 3, "b": 2}, False), ({"a": 5}, False)])
def test_ratings_pass_within_the_tolerance(given, passed):
    gold = {"scorer": "ratings", "expected": {"a": 5, "b": 2}, "tolerance": 1}
    assert score(gold, {"ratings": given}).passed is passed


def test_what_was_missed_is_named():
    gold = {"scorer": "phrases", "required": ["one", "two"], "forbidden": ["three"]}
    found = score(gold, {"output": "one three"})
    assert (found.missed, found.score) == (["two", "three"], pytest.approx(1 / 3))


@pytest.mark.parametrize(("raw", "field"), [
    ("x", ""), ({"scorer": "magic"}, "scorer"), ({"scorer": "exact"}, "expected"), ({"scorer": "phrases"}, "required"),
    ({"scorer": "exact", "expected": "x", "extra": 1}, "extra"),
    ({"scorer": "chrf", "expected": "x", "threshold": 0}, "threshold"),
    ({"scorer": "ratings", "expected": {"a": 6}}, "expected"),
    ({"scorer": "ratings", "expected": {"a": 5}, "tolerance": True}, "tolerance"),
    ({"scorer": "phrases", "required": [""]}, "required"),
])  # fmt: skip
def test_a_faulty_answer_names_the_field(raw, field):
    with pytest.raises(GoldFault) as fault:
        GoldAnswer.parse(raw)
    assert fault.value.field == field


def test_an_answer_comes_back_from_its_column():
    answer = GoldAnswer.parse({"scorer": "phrases", "required": ["x"], "training": True})
    assert GoldAnswer.parse(answer.as_json()) == answer


@pytest.mark.parametrize("scorer", SCORERS)
def test_an_empty_answer_never_passes(scorer):
    gold = {"scorer": scorer, "required": ["x"], "expected": {"a": 5} if scorer == "ratings" else "x"}
    assert not score(gold, {"output": "", "ratings": None}).passed
