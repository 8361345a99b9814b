from collections import Counter

import pytest

from evaluation.hidden_checks import is_due, kinds_in_turn, passed, same_again, spoil


def test_checks_are_about_their_share_of_what_a_rater_gets():
    due = sum(is_due(seed=1, rater=rater, votes=votes, rate=0.1) for rater in range(20) for votes in range(1, 201))
    assert due / (4000 + due) == pytest.approx(0.1, abs=0.015)


def test_no_rate_no_checks():
    assert not any(is_due(seed=1, rater=1, votes=votes, rate=0) for votes in range(100))


def test_every_kind_has_its_turn():
    assert {kinds_in_turn(seed=1, rater=1, done=done)[0] for done in range(4)} == {
        "known",
        "degraded",
        "repeat",
        "swapped",
    }


@pytest.mark.parametrize(
    "text",
    [
        "The quick brown fox jumps over the lazy dog.",
        "天空之所以是蓝色的，是因为空气对蓝光的散射更强。再见！今天天气不错。",
    ],
)
def test_a_spoilt_copy_has_the_same_words_in_no_order(text):
    spoilt = spoil(text, seed=1)
    assert spoilt != text
    assert Counter(spoilt) == Counter(text)


@pytest.mark.parametrize("text", ["", "Paris.", "ha ha ha ha ha ha ha ha ha ha ha ha"])
def test_what_is_too_short_to_tell_is_not_spoilt(text):
    assert spoil(text, seed=1) is None


@pytest.mark.parametrize(
    ("winner", "lenient", "verdict"),
    [("first", False, True), ("second", False, False), ("tie", False, False), ("tie", True, None)],
)
def test_a_known_answer_is_right_or_wrong(winner, lenient, verdict):
    assert passed({"winner": "first", "lenient": lenient}, winner=winner, scores={}, compares=True) is verdict


@pytest.mark.parametrize(("winner", "score", "verdict"), [("other", 1, True), ("other", 4, False), ("first", 5, True)])
def test_alone_a_bad_text_must_score_low_and_a_good_one_high(winner, score, verdict):
    found = passed({"winner": winner}, winner="", scores={"left": {"accuracy": score}}, compares=False)
    assert found is verdict


def test_consistency_allows_a_point():
    before = {"first": {"accuracy": 3}}
    assert same_again(before, {"first": {"accuracy": 4}}, ["first", "first"])
    assert not same_again(before, {"first": {"accuracy": 5}}, ["first", "first"])
    assert not same_again({}, {}, ["first", "second"])
