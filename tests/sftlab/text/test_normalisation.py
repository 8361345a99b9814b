from sftlab.text.normalisation import normalise, normalise_loosely


def test_width_case_and_white_space_are_folded() -> None:
    assert normalise("  ＡＢＣ\u3000１２３\n\tDef\u200b ") == "abc 123 def"


def test_loose_form_ignores_punctuation_width_and_a_closing_stop() -> None:
    assert normalise_loosely("“你好，世界。”") == normalise_loosely('"你好,世界."')
    assert normalise_loosely("Yes.") == normalise_loosely("yes")


def test_words_stay_apart() -> None:
    assert normalise("a b") != normalise("ab")
