"""What can be said of outputs without their meaning: variety, repetition, length, language."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from evaluation.metrics.base import NO_TOKENS, Better, Floats, MeanMetric, Metric, Pair, Rows
from evaluation.metrics.bleu import closest
from evaluation.metrics.tokenisers import word_tokenisers
from evaluation.metrics.workspace import Workspace
from sftlab.text.language import detect

TOO_SHORT = "too_short"
NO_LANGUAGE = "no_language"
_ANSWERS = {"zh": {"zh", "mixed"}, "en": {"en"}, "mixed": {"zh", "en", "mixed"}}


class _Variety(MeanMetric):
    """A share of an output's word n-grams, averaged over outputs long enough to have one."""

    n: int
    needs_references = False

    def __init__(self, *, chinese: str = "jieba", english: str = "word") -> None:
        self.tokenisers = word_tokenisers(chinese, english)

    def statistics(self, pairs: Sequence[Pair], workspace: Workspace) -> Rows:
        rows = Rows.empty(len(pairs), len(self.columns))
        for place, pair in enumerate(pairs):
            tokens = workspace.tokens(pair.hypothesis, self.tokenisers.name(pair.script))
            grams = list(zip(*(tokens[shift:] for shift in range(self.n)), strict=False))
            if pair.hypothesis.strip() and not grams:
                rows.reasons[place] = TOO_SHORT if tokens else NO_TOKENS
            rows.statistics[place] = self.share(len(set(grams)), len(grams)), 1
        return rows

    def share(self, distinct: int, grams: int) -> float:
        return distinct / grams if grams else 0.0

    def details(self) -> dict[str, str]:
        return {"tok": self.tokenisers.signature(), "n": str(self.n), "avg": "item"}


class Distinct1(_Variety):
    """Distinct words over words, per output (Li et al. 2016 pool all outputs, which shrinks with their number)."""

    name = "distinct1"
    n = 1


class Distinct2(_Variety):
    """Distinct word pairs over word pairs, per output."""

    name = "distinct2"
    n = 2


class Repetition(_Variety):
    """Share of an output's word 4-grams that occurred in it before (seq-rep-4, Welleck et al. 2020)."""

    name = "repetition"
    n = 4
    better: ClassVar[Better] = "lower"

    def share(self, distinct: int, grams: int) -> float:
        return 1 - distinct / grams if grams else 0.0


class LengthRatio(Metric):
    """Words of the outputs over words of the references, the closest where there are several."""

    name = "length_ratio"
    columns = ("words", "reference_words")
    better: ClassVar[Better] = "neither"

    def __init__(self, *, chinese: str = "jieba", english: str = "word") -> None:
        self.tokenisers = word_tokenisers(chinese, english)

    def statistics(self, pairs: Sequence[Pair], workspace: Workspace) -> Rows:
        rows = Rows.empty(len(pairs), len(self.columns))
        for place, pair in enumerate(pairs):
            name = self.tokenisers.name(pair.script)
            length, *others = (len(workspace.tokens(text, name)) for text in (pair.hypothesis, *pair.references))
            rows.statistics[place] = length, closest(length, [other for other in others if other] or [0])
            if not any(others) or (pair.hypothesis.strip() and not length):
                rows.reasons[place] = NO_TOKENS
        return rows

    def value(self, totals: Floats) -> Floats:
        return totals[..., 0] / np.maximum(totals[..., 1], 1e-9)

    def details(self) -> dict[str, str]:
        return {"tok": self.tokenisers.signature()}


class LanguageMatch(MeanMetric):
    """Share of outputs in their item's language; to a Chinese item a mixed answer is Chinese."""

    name = "language_match"

    def statistics(self, pairs: Sequence[Pair], workspace: Workspace) -> Rows:
        rows = Rows.empty(len(pairs), len(self.columns))
        for place, pair in enumerate(pairs):
            found, expected = detect(pair.hypothesis), pair.spoken
            if pair.hypothesis.strip() and (found == "und" or expected == "und"):
                rows.reasons[place] = NO_LANGUAGE
            rows.statistics[place] = found in _ANSWERS.get(expected, {expected}), 1
        return rows

    def details(self) -> dict[str, str]:
        return {"detector": "scripts-v1"}
