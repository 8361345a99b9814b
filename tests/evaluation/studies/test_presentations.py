from collections import Counter

import pytest

from evaluation.presentations import imbalance, present, rounds, units

NONE_HELD = frozenset()


@pytest.mark.parametrize("systems", [2, 3, 5, 8])
def test_every_pair_meets_once(systems):
    pairs = rounds(systems)
    assert len(pairs) == len(set(pairs)) == systems * (systems - 1) // 2


@pytest.mark.parametrize("most", [None, 7, 30, 41])
def test_pairs_and_items_stay_balanced_wherever_the_plan_is_cut(most):
    plan = units(items=20, systems=4, pairwise=True, seed=1, most=most, held=NONE_HELD)
    pairs = Counter((unit.first, unit.second) for unit in plan)
    items = Counter(unit.item for unit in plan)
    assert max(pairs.values()) - min(pairs[pair] for pair in rounds(4)) <= 2
    assert max(items.values()) - min(items[item] for item in range(20)) <= 1


def test_the_whole_plan_has_every_item_with_every_pair():
    plan = units(items=5, systems=3, pairwise=True, seed=1, held=NONE_HELD)
    assert len(set(plan)) == len(plan) == 15


def test_likert_units_are_single_answers():
    plan = units(items=5, systems=3, pairwise=False, seed=1, held=NONE_HELD)
    assert len(plan) == 15
    assert all(unit.second is None for unit in plan)


def test_an_answer_held_back_is_in_no_unit():
    plan = units(items=2, systems=3, pairwise=True, seed=1, held=frozenset({(0, 1)}))
    assert len(plan) == 4
    assert all(1 not in (unit.first, unit.second) for unit in plan if unit.item == 0)


@pytest.mark.parametrize("per_unit", [1, 2, 3, 5])
def test_sides_are_balanced_within_one_per_pair(per_unit):
    plan = units(items=7, systems=4, pairwise=True, seed=3, held=NONE_HELD)
    shown = list(present(plan, per_unit=per_unit, seed=3))
    assert imbalance(shown) <= 1
    assert Counter(one.unit for one in shown) == Counter(dict.fromkeys(range(len(plan)), per_unit))


def test_the_same_seed_gives_the_same_plan_and_another_gives_another():
    plans = [units(items=30, systems=2, pairwise=True, seed=seed, held=NONE_HELD) for seed in (1, 1, 2)]
    assert plans[0] == plans[1] != plans[2]
