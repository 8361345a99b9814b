"""Counts of shared n-grams for many pairs at once, exact, in numpy.

An n-gram is one integer: the rank of its first n-1 tokens times the alphabet plus its last token. Where the product
would not fit in 64 bits beside the group's number, the ranks are first made dense. One sort then brings equal n-grams
of a group together, whatever text they came from.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

BLOCK_TOKENS = 200_000
_BITS = 62


@dataclass(frozen=True)
class Overlap:
    """Per group (rows) and order (columns): n-grams of the hypothesis, of its longest reference, and those in both.

    ``matches`` clips a hypothesis' count at the largest of the references' counts (Papineni et al. 2002).
    """

    hypothesis: Ints
    reference: Ints
    matches: Ints


def overlap(groups: Sequence[tuple[Ints, Sequence[Ints]]], order: int) -> Overlap:
    """Overlaps of each ``(hypothesis, references)`` for n = 1 … order; memory is bounded by blocks of groups."""
    parts = [_overlap_block(block, order) for block in _blocks(groups)]
    if not parts:
        empty = np.zeros((0, order), dtype=np.int64)
        return Overlap(empty, empty, empty)
    return Overlap(
        np.concatenate([part.hypothesis for part in parts]),
        np.concatenate([part.reference for part in parts]),
        np.concatenate([part.matches for part in parts]),
    )


def _blocks(groups: Sequence[tuple[Ints, Sequence[Ints]]]) -> Iterable[Sequence[tuple[Ints, Sequence[Ints]]]]:
    start = size = 0
    for end, (hypothesis, references) in enumerate(groups):
        tokens = len(hypothesis) + sum(len(reference) for reference in references)
        if size and size + tokens > BLOCK_TOKENS:
            yield groups[start:end]
            start, size = end, 0
        size += tokens
    if start < len(groups):
        yield groups[start:]


def _overlap_block(groups: Sequence[tuple[Ints, Sequence[Ints]]], order: int) -> Overlap:
    sides = max(1 + len(references) for _, references in groups)
    texts, places = [], []
    for number, (hypothesis, references) in enumerate(groups):
        for side, text in enumerate((hypothesis, *references)):
            texts.append(text)
            places.append(number * sides + side)
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    place = np.repeat(np.array(places, dtype=np.int64), lengths)
    left = np.concatenate([np.arange(length, 0, -1) for length in lengths]) if texts else place
    tokens = _dense(np.concatenate(texts).astype(np.int64))
    per_text = np.zeros((len(groups), sides), dtype=np.int64)
    per_text.put(places, lengths)
    matches = np.zeros((len(groups), order), dtype=np.int64)
    totals = np.maximum(per_text[:, :, None] - np.arange(order), 0)
    for n, (grams, where) in enumerate(_grams(tokens, place, left, order, len(groups) * sides)):
        matches[:, n] = _matches(grams, where, sides, len(groups))
    return Overlap(totals[:, 0], totals[:, 1:].max(axis=1, initial=0), matches)


def _grams(tokens: Ints, place: Ints, left: Ints, order: int, places: int) -> Iterable[tuple[Ints, Ints]]:
    alphabet = int(tokens.max(initial=0)) + 1
    room = (1 << _BITS) // (places * alphabet)
    ranks, ranked = tokens, alphabet
    yield ranks, place
    for n in range(2, order + 1):
        if ranked > room:
            ranks = _dense(ranks)
            ranked = int(ranks.max(initial=0)) + 1
        whole = left[: max(len(left) - n + 1, 0)] >= n
        ranks = np.where(whole, ranks[: len(whole)] * alphabet + tokens[n - 1 :], 0)
        ranked *= alphabet
        yield ranks[whole], place[: len(whole)][whole]


def _matches(grams: Ints, place: Ints, sides: int, groups: int) -> Ints:
    """Per group the hypothesis' n-grams that a reference has too."""
    key = np.sort((place // sides * (int(grams.max(initial=0)) + 1) + grams) * sides + place % sides)
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    counts = np.diff(starts, append=len(key))
    kinds = key[starts]
    gram, side = kinds // sides, kinds % sides
    firsts = np.flatnonzero(np.diff(gram, prepend=-1))
    if not len(firsts):
        return np.zeros(groups, dtype=np.int64)
    in_hypothesis = np.add.reduceat(np.where(side == 0, counts, 0), firsts)
    in_references = np.maximum.reduceat(np.where(side == 0, 0, counts), firsts)
    group = gram[firsts] // (int(grams.max(initial=0)) + 1)
    return np.bincount(group, np.minimum(in_hypothesis, in_references), minlength=groups).astype(np.int64)


def _dense(values: Ints) -> Ints:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


class Vocabulary:
    """Numbers for tokens, in the order of their first appearance."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def encode(self, tokens: Sequence[Hashable]) -> Ints:
        numbers = self._numbers
        return np.array([numbers.setdefault(token, len(numbers)) for token in tokens], dtype=np.int64)


def code_points(text: str) -> Ints:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.int64)
