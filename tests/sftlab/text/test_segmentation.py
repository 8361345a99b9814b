import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.tokenize import tokenize as rouge_tokens
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
from sacrebleu.tokenizers.tokenizer_intl import TokenizerV14International
from sacrebleu.tokenizers.tokenizer_zh import TokenizerZh

from sftlab.text.segmentation import SEGMENTERS, segment, tokens_13a, tokens_intl, tokens_zh, words

TEXT = st.text(st.sampled_from("ab9.,-'\"&;(){}<>\n !?$%天地 。，“”Ａ１\u2028")) | st.text()


@given(TEXT)
def test_13a_equals_sacrebleu(text: str) -> None:
    assert tokens_13a(text) == Tokenizer13a()(text.rstrip()).split()


@given(TEXT)
def test_zh_equals_sacrebleu(text: str) -> None:
    assert tokens_zh(text) == TokenizerZh()(text.rstrip()).split()


@given(TEXT)
def test_intl_equals_sacrebleu(text: str) -> None:
    assert tokens_intl(text) == TokenizerV14International()(text.rstrip()).split()


@given(st.text(st.characters(max_codepoint=127)))
def test_words_of_ascii_equal_rouge_score(text: str) -> None:
    assert words(text) == rouge_tokens(text.replace("_", " "), None)


def test_mixed_text_keeps_words_of_both_languages() -> None:
    assert segment("我们发布了Python 3，café！", "zh") == ["我们", "发布", "了", "python", "3", "café"]


def test_text_without_han_is_cut_alike_in_both_languages() -> None:
    text = "State-of-the-art results, naïve ones: 3.11!"
    assert segment(text, "zh") == segment(text, "en")


@pytest.mark.parametrize("name", SEGMENTERS)
def test_white_space_gives_no_token(name: str) -> None:
    assert SEGMENTERS[name](" \n\u3000") == []


@pytest.mark.parametrize("name", SEGMENTERS)
def test_signatures_start_with_the_name(name: str) -> None:
    assert SEGMENTERS[name].signature.startswith(f"{name}-")


def test_signature_of_jieba_tells_version_and_dictionary() -> None:
    assert SEGMENTERS["jieba"].signature == f"jieba-{metadata.version('jieba')}+dict.7197c321+hmm"


def test_jieba_leaves_nothing_in_the_temporary_folder(tmp_path: Path) -> None:
    code = "from sftlab.text.segmentation import segment; print(segment('发布新版本', 'zh'))"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"TMPDIR": str(tmp_path)}, stderr=subprocess.PIPE, check=True
    )
    assert (done.stderr, list(tmp_path.iterdir())) == (b"", [])
