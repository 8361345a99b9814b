"""chrF and chrF++. Popović, "chrF: character n-gram F-score for automatic MT evaluation", WMT 2015, and WMT 2017."""

from collections.abc import Sequence

import numpy as np

from evaluation.metrics.base import NO_TOKENS, Floats, Metric, Pair, Rows
from evaluation.metrics.workspace import Workspace
from sftlab.text.ngrams import Ints, Vocabulary, code_points, overlap
from sftlab.text.similarity import chrf_from_counts

CHARACTERS = 6
BETA = 2.0
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


class Chrf(Metric):
    """100 · F2 of character n-grams (n ≤ 6), precision and recall averaged over the orders both sides have.

    White space is left out, so no tokeniser decides anything and Chinese is read as it stands. Of several references
    the one with the best F counts. As in sacrebleu.
    """

    name = "chrf"
    words = 0

    def __init__(self) -> None:
        orders = [f"c{n}" for n in range(1, CHARACTERS + 1)] + [f"w{n}" for n in range(1, self.words + 1)]
        self.columns = tuple(f"{side}_{order}" for side in ("hypothesis", "reference", "matches") for order in orders)

    def statistics(self, pairs: Sequence[Pair], workspace: Workspace) -> Rows:
        rows = Rows.empty(len(pairs), len(self.columns))
        owners = [place for place, pair in enumerate(pairs) for _ in pair.references]
        counts = self._counts([(pair.hypothesis, reference) for pair in pairs for reference in pair.references])
        values = self.value(counts)
        best = np.full(len(pairs), -1.0)
        for number, place in enumerate(owners):
            if values[number] > best[place]:
                best[place] = values[number]
                rows.statistics[place] = counts[number]
        for place, pair in enumerate(pairs):
            if not any(reference.split() for reference in pair.references):
                rows.reasons[place] = NO_TOKENS
        return rows

    def _counts(self, texts: Sequence[tuple[str, str]]) -> Floats:
        found = [overlap([(_characters(left), [_characters(right)]) for left, right in texts], CHARACTERS)]
        if self.words:
            vocabulary = Vocabulary()
            groups = [
                (vocabulary.encode(split_words(left)), [vocabulary.encode(split_words(right))]) for left, right in texts
            ]
            found.append(overlap(groups, self.words))
        reference = np.concatenate([part.reference for part in found], axis=1)
        # As in sacrebleu: an order that the reference lacks does not count against the output.
        hypothesis = np.where(reference > 0, np.concatenate([part.hypothesis for part in found], axis=1), 0)
        matches = np.concatenate([part.matches for part in found], axis=1)
        return np.concatenate([hypothesis, reference, matches], axis=1).astype(np.float64)

    def value(self, totals: Floats) -> Floats:
        hypothesis, reference, matches = np.split(totals, 3, axis=-1)
        return 100 * chrf_from_counts(hypothesis, reference, matches, BETA)

    def details(self) -> dict[str, str]:
        return {"case": "mixed", "nc": str(CHARACTERS), "nw": str(self.words), "space": "no", "beta": "2", "eff": "yes"}


class ChrfPlusPlus(Chrf):
    """chrF with word 1- and 2-grams among the orders, punctuation split off the words' ends."""

    name = "chrf++"
    words = 2


def _characters(text: str) -> Ints:
    return code_points("".join(text.split()))


def split_words(text: str) -> list[str]:
    """Words with one punctuation mark split off their end or else their start, as in chrF's own script."""
    found: list[str] = []
    for word in text.split():
        if len(word) > 1 and word[-1] in _PUNCTUATION:
            found += [word[:-1], word[-1]]
        elif len(word) > 1 and word[0] in _PUNCTUATION:
            found += [word[0], word[1:]]
        else:
            found.append(word)
    return found
