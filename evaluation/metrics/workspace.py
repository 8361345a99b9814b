"""Tokens of one chunk's texts, each cut once, however many metrics ask."""

import numpy as np
from numpy.typing import NDArray

from sftlab.text.ngrams import Vocabulary
from sftlab.text.segmentation import SEGMENTERS

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
            self._tokens[key] = SEGMENTERS[segmenter](text)
        return self._tokens[key]

    def lines(self, text: str, segmenter: str) -> list[list[str]]:
        """Tokens by line, lines without a token left out."""
        if "\n" not in text:
            whole = self.tokens(text, segmenter)
            return [whole] if whole else []
        key = (segmenter, text)
        if key not in self._lines:
            cut = (SEGMENTERS[segmenter](line) for line in text.split("\n"))
            self._lines[key] = [tokens for tokens in cut if tokens]
        return self._lines[key]

    def numbers(self, text: str, segmenter: str) -> Ints:
        key = (segmenter, text)
        if key not in self._numbers:
            self._numbers[key] = self._vocabulary.encode(self.tokens(text, segmenter))
        return self._numbers[key]
