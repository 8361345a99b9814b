from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftlab.text import ngrams
from sftlab.text.ngrams import Vocabulary, code_points, overlap

TOKENS = st.lists(st.integers(0, 3), max_size=12)
GROUPS = st.lists(st.tuples(TOKENS, st.lists(TOKENS, min_size=1, max_size=3)), max_size=8)


def counted(tokens: list[int], n: int) -> Counter[tuple[int, ...]]:
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def slow_matches(hypothesis: list[int], references: list[list[int]], n: int) -> int:
    most: Counter[tuple[int, ...]] = Counter()
    for reference in references:
        most |= counted(reference, n)
    return (counted(hypothesis, n) & most).total()


def as_arrays(groups):
    return [(np.array(h, dtype=np.int64), [np.array(r, dtype=np.int64) for r in rs]) for h, rs in groups]


@given(GROUPS)
def test_matches_equal_counting_by_hand(groups) -> None:
    found = overlap(as_arrays(groups), 4)
    expected = [[slow_matches(h, rs, n) for n in range(1, 5)] for h, rs in groups]
    assert found.matches.tolist() == expected


@given(GROUPS)
def test_totals_are_the_numbers_of_ngrams(groups) -> None:
    found = overlap(as_arrays(groups), 4)
    assert found.hypothesis.tolist() == [[max(len(h) - n, 0) for n in range(4)] for h, _ in groups]


def test_blocks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = [(code_points("the cat sat on the mat" * i), [code_points("a cat sat on mats" * 3)]) for i in range(9)]
    whole = overlap(groups, 6)
    monkeypatch.setattr(ngrams, "BLOCK_TOKENS", 50)
    assert np.array_equal(overlap(groups, 6).matches, whole.matches)


def test_large_alphabets_stay_exact() -> None:
    text = code_points("".join(map(chr, range(0x4E00, 0x8E00))))
    found = overlap([(text, [text[::-1]]), (text, [text])], 6)
    assert found.matches.tolist() == [[len(text), 0, 0, 0, 0, 0], [len(text) - n for n in range(6)]]


def test_vocabulary_gives_equal_tokens_equal_numbers() -> None:
    vocabulary = Vocabulary()
    assert vocabulary.encode(["微调", "a", "微调"]).tolist() == [0, 1, 0]
    assert vocabulary.encode(["a", "b"]).tolist() == [1, 2]
