from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import lcs_ind

from sftlab.text.sequences import lcs_length, lcs_positions

TOKENS = st.lists(st.sampled_from("abcde"), max_size=40)


@given(TOKENS, TOKENS)
def test_positions_are_those_of_rouge_score(left: list[str], right: list[str]) -> None:
    assert sorted(lcs_positions(left, right)) == lcs_ind(left, right)


@given(TOKENS, TOKENS)
def test_length_is_symmetric_and_counts_the_positions(left: list[str], right: list[str]) -> None:
    assert lcs_length(left, right) == lcs_length(right, left) == len(lcs_positions(left, right))


def test_tokens_are_whole_words() -> None:
    assert lcs_length(["大模型", "微调"], ["大模型", "评测", "微调"]) == 2
