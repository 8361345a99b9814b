"""BLEU. Papineni et al., "BLEU: a method for automatic evaluation of machine translation", ACL 2002."""

from collections.abc import Sequence

import numpy as np

from evaluation.metrics.base import NO_TOKENS, Floats, Metric, Pair, Rows
from evaluation.metrics.tokenisers import Tokenisers
from evaluation.metrics.workspace import Workspace
from sftlab.text.ngrams import overlap

ORDER = 4


class Bleu(Metric):
    """100 · BP · exp(mean log p_n), n = 1 … 4; BP = min(1, exp(1 - r/c)), r the reference length closest to c.

    An order without matches takes 1/2, 1/4, … of a match (NIST's "exp" smoothing, Chen and Cherry 2014), and orders
    longer than the text are left out ("effective order"), so a short text can reach 100. Both as in sacrebleu.
    """

    name = "bleu"
    columns = (
        "length",
        "reference_length",
        *(f"matches{n}" for n in range(1, 5)),
        *(f"ngrams{n}" for n in range(1, 5)),
    )

    def __init__(self, *, chinese: str = "zh", english: str = "13a") -> None:
        self.tokenisers = Tokenisers(chinese, english)

    def statistics(self, pairs: Sequence[Pair], workspace: Workspace) -> Rows:
        rows = Rows.empty(len(pairs), len(self.columns))
        groups = []
        for place, pair in enumerate(pairs):
            segmenter = self.tokenisers.name(pair.script)
            hypothesis = workspace.numbers(pair.hypothesis, segmenter)
            references = [workspace.numbers(reference, segmenter) for reference in pair.references]
            groups.append((hypothesis, references))
            rows.statistics[place, :2] = len(hypothesis), closest(len(hypothesis), [len(r) for r in references])
            if (pair.hypothesis.strip() and not len(hypothesis)) or not any(len(r) for r in references):
                rows.reasons[place] = NO_TOKENS
        found = overlap(groups, ORDER)
        rows.statistics[:, 2:6] = found.matches
        rows.statistics[:, 6:] = found.hypothesis
        return rows

    def value(self, totals: Floats) -> Floats:
        matches, ngrams = totals[..., 2:6], totals[..., 6:]
        counted = ngrams > 0
        halvings = np.cumsum(counted & (matches == 0), axis=-1)
        precision = np.where(matches > 0, matches, 0.5**halvings) / np.maximum(ngrams, 1)
        logs = np.where(counted, np.log(np.where(counted, precision, 1.0)), 0.0)
        mean = logs.sum(axis=-1) / np.maximum(counted.sum(axis=-1), 1)
        some = matches.sum(axis=-1) > 0
        return np.where(some, 100 * self._brevity(totals) * np.exp(mean), 0.0)

    def parts(self, totals: Floats) -> dict[str, float]:
        precisions = {f"p{n}": 100 * totals[1 + n] / max(totals[5 + n], 1) for n in range(1, 5)}
        return {**precisions, "bp": float(self._brevity(totals)), "ratio": totals[0] / max(totals[1], 1)}

    @staticmethod
    def _brevity(totals: Floats) -> Floats:
        length, reference = totals[..., 0], totals[..., 1]
        return np.where(length < reference, np.exp(1 - reference / np.maximum(length, 1e-9)), 1.0)

    def details(self) -> dict[str, str]:
        return {"tok": self.tokenisers.signature(), "case": "mixed", "smooth": "exp", "eff": "yes"}


def closest(length: int, references: Sequence[int]) -> int:
    """The reference length nearest to ``length``, the shorter of two as near."""
    return min(references, key=lambda reference: (abs(length - reference), reference))
