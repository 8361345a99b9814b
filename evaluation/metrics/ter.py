"""TER. Snover et al., "A study of translation edit rate with targeted human annotation", AMTA 2006."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from sacrebleu.tokenizers.tokenizer_ter import TercomTokenizer

from evaluation.metrics.base import NO_TOKENS, Better, Floats, Metric, Pair, Rows
from evaluation.metrics.ter_edits import edits
from evaluation.metrics.workspace import Workspace


class Ter(Metric):
    """100 · edits / words of the reference: insertions, deletions, substitutions and shifts of blocks, each one edit.

    Tercom's edits and words, as in sacrebleu: lower case, cut at white space; where Chinese may occur, normalised and
    every Chinese character a word. Of several references the fewest edits over their mean length. 0 is best, and an
    empty output has all of the reference to insert: 100.
    """

    name = "ter"
    columns = ("edits", "reference_length")
    better: ClassVar[Better] = "lower"

    def __init__(self) -> None:
        self._western = TercomTokenizer()
        self._asian = TercomTokenizer(normalized=True, asian_support=True)
        self._used: set[str] = set()

    def statistics(self, pairs: Sequence[Pair], workspace: Workspace) -> Rows:
        rows = Rows.empty(len(pairs), len(self.columns))
        for place, pair in enumerate(pairs):
            hypothesis, *references = (self._words(text, pair.script) for text in (pair.hypothesis, *pair.references))
            fewest = min(edits(hypothesis, reference) for reference in references)
            rows.statistics[place] = fewest, sum(map(len, references)) / len(references)
            if not any(references):
                rows.reasons[place] = NO_TOKENS
        return rows

    def _words(self, text: str, script: str) -> list[str]:
        asian = script in ("zh", "mixed")
        self._used.add("tercom-asian" if asian else "tercom")
        # Past sacrebleu's cache of 65,536 lines: memory stays that of a chunk.
        cut = TercomTokenizer.__call__.__wrapped__
        return str(cut(self._asian if asian else self._western, text.rstrip())).split()

    def value(self, totals: Floats) -> Floats:
        return 100 * totals[..., 0] / np.maximum(totals[..., 1], 1e-9)

    def details(self) -> dict[str, str]:
        return {"tok": ",".join(sorted(self._used)) or "none", "case": "lc"}
