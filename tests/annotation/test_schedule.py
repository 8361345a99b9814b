from itertools import pairwise

import pytest

from annotation.schedule import gold_is_due, sampled


def due(rate, person=1, until=2000):
    return [n for n in range(1, until + 1) if gold_is_due(key=b"k", project=1, person=person, serial=n, rate=rate)]


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.1, 0.25, 0.5, 1.0])
def test_gold_comes_at_the_set_rate(rate):
    assert len(due(rate)) / 2000 == pytest.approx(rate, rel=0.05)


def test_no_gold_without_a_rate():
    assert due(0) == []


def test_each_person_has_their_own_schedule():
    assert due(0.1, person=1) != due(0.1, person=2)


def test_the_gaps_are_not_regular():
    found = due(0.1)
    assert len({later - earlier for earlier, later in pairwise(found)}) > 10


def test_another_key_gives_another_schedule():
    serials = range(1, 200)
    by_key = [
        [n for n in serials if gold_is_due(key=key, project=1, person=1, serial=n, rate=0.1)] for key in (b"a", b"b")
    ]
    assert by_key[0] != by_key[1]


def test_a_sample_is_stable_and_of_the_right_size():
    names = [str(n) for n in range(4000)]
    taken = [name for name in names if sampled(key=b"k", name=name, rate=0.2)]
    assert taken == [name for name in names if sampled(key=b"k", name=name, rate=0.2)]
    assert len(taken) / len(names) == pytest.approx(0.2, abs=0.02)
