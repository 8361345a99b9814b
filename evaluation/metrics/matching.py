"""Answers that are right or wrong: exact match, and SQuAD's token F1 (Rajpurkar et al. 2016)."""

from collections.abc import Sequence

from evaluation.metrics.base import NO_TOKENS, MeanMetric, Pair, Rows
from evaluation.metrics.tokenisers import word_tokenisers
from evaluation.metrics.workspace import Workspace
from sftlab.text.normalisation import normalise
from sftlab.text.similarity import ngram_prf


class ExactMatch(MeanMetric):
    """Share of outputs equal to a reference, width, case and white space aside."""

    name = "exact_match"

    def statistics(self, pairs: Sequence[Pair], workspace: Workspace) -> Rows:
        rows = Rows.empty(len(pairs), len(self.columns))
        for place, pair in enumerate(pairs):
            rows.statistics[place] = normalise(pair.hypothesis) in map(normalise, pair.references), 1
        return rows

    def details(self) -> dict[str, str]:
        return {"norm": "nfkc,space,casefold"}


class TokenF1(MeanMetric):
    """F1 of the words that output and reference share; of several references the best."""

    name = "token_f1"

    def __init__(self, *, chinese: str = "jieba", english: str = "word") -> None:
        self.tokenisers = word_tokenisers(chinese, english)

    def statistics(self, pairs: Sequence[Pair], workspace: Workspace) -> Rows:
        rows = Rows.empty(len(pairs), len(self.columns))
        for place, pair in enumerate(pairs):
            name = self.tokenisers.name(pair.script)
            hypothesis, *references = (workspace.tokens(text, name) for text in (pair.hypothesis, *pair.references))
            if (pair.hypothesis.strip() and not hypothesis) or not any(references):
                rows.reasons[place] = NO_TOKENS
            rows.statistics[place] = max(ngram_prf(hypothesis, reference).f for reference in references), 1
        return rows

    def details(self) -> dict[str, str]:
        return {"tok": self.tokenisers.signature()}
