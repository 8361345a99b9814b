from pathlib import Path

import pytest
from hypothesis import given
from nltk.translate.meteor_score import single_meteor_score

from sftlab.text.segmentation import segment
from tests.evaluation.metrics.factories import CHINESE, ENGLISH, item, pair, scored


class NoSynonyms:
    def synsets(self, word: str) -> list[object]:
        return []


@given(ENGLISH, ENGLISH)
def test_english_equals_nltk_without_synonyms(hypothesis: str, reference: str) -> None:
    _equals_nltk(hypothesis, reference, "en")


@given(CHINESE, CHINESE)
def test_chinese_goes_by_the_words_of_jieba(hypothesis: str, reference: str) -> None:
    _equals_nltk(hypothesis, reference, "zh")


def _equals_nltk(hypothesis: str, reference: str, language: str) -> None:
    ours, theirs = segment(hypothesis, language), segment(reference, language)
    if not ours or not theirs or ours == theirs:
        return
    expected = single_meteor_score(theirs, ours, wordnet=NoSynonyms())
    assert item("meteor_exact_stem", hypothesis, reference, language=language) == pytest.approx(expected)


def test_example_of_nltk_without_wordnet() -> None:
    # nltk's docstring, hypothesis1 against reference1; its 0.6944 has no match by synonym.
    hypothesis = "It is a guide to action which ensures that the military always obeys the commands of the party"
    reference = "It is a guide to action that ensures that the military will forever heed Party commands"
    assert item("meteor_exact_stem", hypothesis, reference, language="en") == pytest.approx(0.6944, abs=5e-5)


def test_a_stem_matches() -> None:
    assert item("meteor_exact_stem", "fine tuned models", "fine tuning model", language="en") == pytest.approx(
        1 - 0.5 / 27
    )


def test_meteor_without_wordnet_is_not_computed() -> None:
    found = scored("meteor", [pair("a cat", "the cat", language="en")])
    assert (found.value, found.items) == (None, [])
    assert "WordNet" in str(found.reason)


def test_synonyms_of_a_configured_wordnet_match(tmp_path: Path) -> None:
    _tiny_wordnet(tmp_path)
    assert item_with_wordnet("a car", "a auto", tmp_path) == pytest.approx(1 - 0.5 / 8)
    assert item_with_wordnet("a car", "a tree", tmp_path) < 0.6


def item_with_wordnet(hypothesis: str, reference: str, folder: Path) -> float:
    found = scored("meteor", [pair(hypothesis, reference, language="en")], wordnet=str(folder))
    assert found.value is not None
    return found.value


def _tiny_wordnet(folder: Path) -> None:
    """One synset, car = auto, in WordNet's own file format (wndb(5WN))."""
    folder /= "corpora/wordnet"
    folder.mkdir(parents=True)
    for pos in ("noun", "verb", "adj", "adv"):
        (folder / f"index.{pos}").write_text("")
        (folder / f"data.{pos}").write_text("")
        (folder / f"{pos}.exc").write_text("")
    data = "  1 WordNet 3.0 Copyright\n"
    offset = f"{len(data):08d}"
    (folder / "data.noun").write_text(f"{data}{offset} 06 n 02 car 0 auto 0 000 | a motor vehicle\n")
    (folder / "index.noun").write_text("".join(f"{word} n 1 0 1 1 {offset}  \n" for word in ("auto", "car")))
    (folder / "lexnames").write_text("".join(f"{n:02d}\tnoun.kind{n}\t1\n" for n in range(7)))
    (folder / "data.adj").write_text("  1 WordNet 3.0 Copyright\n")
    (folder / "index.sense").write_text("")
    (folder / "cntlist.rev").write_text("")
