import pytest

from evaluation.leaderboards.gate import Evidence, Rule, judge, read_gate, verdict
from sftlab.errors import BadInput


def judged(low, high, **rule):
    lower = rule.pop("lower_is_better", False)
    return judge(Rule("bleu", **rule), Evidence((low + high) / 2, low, high), lower_is_better=lower).verdict


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(0.1, 0.5, "pass"), (-0.2, 0.5, "undetermined"), (-0.5, -0.2, "fail")]
)
def test_better_needs_the_whole_interval_above_nothing(low, high, expected):
    assert judged(low, high, demand="better") == expected


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(-0.9, 0.5, "pass"), (-1.5, 0.5, "undetermined"), (-3, -1.2, "fail")]
)
def test_not_worse_allows_the_margin(low, high, expected):
    assert judged(low, high, demand="not_worse", margin=1.0) == expected


def test_no_difference_at_all_is_not_worse_and_not_better():
    assert judged(0.0, 0.0, demand="not_worse") == "pass"
    assert judged(0.0, 0.0, demand="better") == "undetermined"


def test_where_lower_is_better_a_fall_is_an_improvement():
    assert judged(-5, -1, demand="better", lower_is_better=True) == "pass"
    assert judged(1, 5, demand="not_worse", lower_is_better=True) == "fail"


@pytest.mark.parametrize(("demand", "expected"), [("at_least", "fail"), ("at_most", "pass")])
def test_a_bound_is_on_the_models_own_value(demand, expected):
    assert judged(10, 20, demand=demand, bound=30) == expected


def test_without_an_interval_nothing_is_determined():
    assert judge(Rule("bleu"), Evidence(reason="no score")).verdict == "undetermined"


def test_one_failure_fails_all_and_one_doubt_leaves_it_open():
    passed, failed, open_ = (judge(Rule("bleu"), Evidence(x, x, y)) for x, y in ((1, 2), (-2, -1), (-1, 1)))
    assert verdict([passed, failed, open_]) == "fail"
    assert verdict([passed, open_]) == "undetermined"
    assert verdict([passed]) == "pass"


def test_every_fault_of_a_gate_is_listed():
    raw = {"model": "a", "rules": [{"metric": "bleu", "demand": "at_least"}, {"metric": 1, "heat": 2}]}
    with pytest.raises(BadInput) as caught:
        read_gate(raw)
    assert {fault["field"] for fault in caught.value.errors} == {"baseline", "rules[1].metric", "rules[1].heat"}


def test_at_least_needs_a_bound():
    with pytest.raises(BadInput) as caught:
        read_gate({"model": "a", "baseline": "b", "rules": [{"metric": "bleu", "demand": "at_least"}]})
    assert caught.value.errors[0]["field"] == "rules[0].bound"
