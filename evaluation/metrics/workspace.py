"""Tokens of one chunk's texts, each cut once, however many metrics ask."""

from itertools import chain

import numpy as np
from numpy.typing import NDArray

from sftlab.text.ngrams import Vocabulary
from sftlab.text.segmentation import SEGMENTERS

LINE_BY_LINE = {"word", "jieba", "jieba-nohmm", "unit", "char"}
"""Segmenters of whose tokens none reaches over the end of a line."""

Ints = NDArray[np.int64]


class Workspace:
    def __init__(self) -> None:
        self._lines: dict[tuple[str, str], list[list[str]]] = {}
        self._tokens: dict[tuple[str, str], list[str]] = {}
        self._numbers: dict[tuple[str, str], Ints] = {}
        self._vocabulary = Vocabulary()

    def tokens(self, text: str, segmenter: str) -> list[str]:
        key = (segmenter, text)
        if key not in self._tokens:
            by_line = segmenter in LINE_BY_LINE and "\n" in text
            lines = self.lines(text, segmenter) if by_line else [SEGMENTERS[segmenter](text)]
            self._tokens[key] = lines[0] if len(lines) == 1 else list(chain.from_iterable(lines))
        return self._tokens[key]

    def lines(self, text: str, segmenter: str) -> list[list[str]]:
        """Tokens by line, lines without a token left out."""
        if "\n" not in text:
            whole = self.tokens(text, segmenter)
            return [whole] if whole else []
        key = (segmenter, text)
        if key not in self._lines:
            cut = map(SEGMENTERS[segmenter], text.split("\n"))
            self._lines[key] = [tokens for tokens in cut if tokens]
        return self._lines[key]

    def numbers(self, text: str, segmenter: str) -> Ints:
        key = (segmenter, text)
        if key not in self._numbers:
            self._numbers[key] = self._vocabulary.encode(self.tokens(text, segmenter))
        return self._numbers[key]
