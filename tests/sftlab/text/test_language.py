import pytest

from sftlab.text.language import Scripts, detect, has_han, scripts


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("监督微调让模型学会回答问题。", "zh"),
        ("Fine-tuning teaches a model to answer.", "en"),
        ("请用 Python 写一个排序函数", "zh"),
        ("请用 Python 调用 numpy 和 pandas", "mixed"),
        ("The word 好 means good and nothing else in this long sentence", "en"),
        ("42 + 17 = 59 !!!", "und"),
        ("", "und"),
        ("Доброе утро, мир", "und"),
        ("おはようございます", "und"),
    ],
)
def test_language_follows_the_share_of_scripts(text: str, language: str) -> None:
    assert detect(text) == language


def test_a_latin_word_counts_once_and_a_han_character_once() -> None:
    assert scripts("don't 好吃 naïve") == Scripts(han=2, latin=2, other=0)


def test_han_outside_the_basic_plane_is_seen() -> None:
    assert has_han("\U00020bb7野家")
    assert not has_han("plain")
