import pytest

from tests.evaluation.metrics.factories import item, pair, scored


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("distinct1", "the cat the dog", 3 / 4),
        ("distinct2", "a b a b a", 2 / 4),
        ("repetition", "a b c d a b c d", 1 / 5),
        ("repetition", "天气很好我们去公园散步", 0),
    ],
)
def test_variety_by_hand(name: str, text: str, value: float) -> None:
    assert item(name, text) == pytest.approx(value)


def test_variety_needs_no_reference_but_an_ngram() -> None:
    found = scored("distinct2", [pair("word"), pair("two words", id="2")])
    assert [(one.value, one.reason) for one in found.items] == [(None, "too_short"), (1.0, None)]


def test_length_ratio_is_of_the_sums() -> None:
    pairs = [pair("a b", "a b c d", language="en"), pair("a b c", "a", language="en", id="2")]
    assert scored("length_ratio", pairs).value == pytest.approx(5 / 5)


@pytest.mark.parametrize(
    ("hypothesis", "language", "value"),
    [
        ("这是中文回答", "zh", 1),
        ("代码如下 print hello world foo bar", "zh", 1),
        ("An English answer", "zh", 0),
        ("An English answer", "en", 1),
        ("这是中文回答", "en", 0),
    ],
)
def test_language_match(hypothesis: str, language: str, value: float) -> None:
    assert item("language_match", hypothesis, "参考", language=language) == value


def test_an_output_without_letters_has_no_language() -> None:
    assert scored("language_match", [pair("42", "四十二", language="zh")]).items[0].reason == "no_language"
