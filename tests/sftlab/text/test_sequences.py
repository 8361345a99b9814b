from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import _union_lcs, lcs_ind

from sftlab.text.sequences import Lines, lcs_length, lcs_positions

TOKENS = st.lists(st.sampled_from("abcde"), max_size=40)


@given(TOKENS, TOKENS)
def test_positions_are_those_of_rouge_score(left: list[str], right: list[str]) -> None:
    assert sorted(lcs_positions(left, right)) == lcs_ind(left, right)


@given(TOKENS, st.lists(TOKENS, max_size=5))
def test_union_over_lines_is_that_of_rouge_score(left: list[str], lines: list[list[str]]) -> None:
    assert [left[position] for position in sorted(Lines(lines).union_positions(left))] == _union_lcs(left, lines)


@given(TOKENS, TOKENS)
def test_length_is_symmetric_and_counts_the_positions(left: list[str], right: list[str]) -> None:
    assert lcs_length(left, right) == lcs_length(right, left) == len(lcs_positions(left, right))


def test_tokens_are_whole_words() -> None:
    assert lcs_length(["大模型", "微调"], ["大模型", "评测", "微调"]) == 2
