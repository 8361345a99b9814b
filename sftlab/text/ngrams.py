"""Counts of shared n-grams for many pairs at once, exact, in numpy.

An n-gram is one integer: the bits of its first n-1 tokens, then those of its last. Where they would not fit in 64 bits
beside the number of the group, the first n-1 are replaced by their rank. One sort then brings equal n-grams of a group
together, whatever text they came from.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

BLOCK_TOKENS = 24_000
"""Small enough that a block's numbers stay in the processor's cache while they are sorted."""
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
    sides = 1 + max(len(references) for _, references in groups)
    texts, places = [], []
    for number, (hypothesis, references) in enumerate(groups):
        for side, text in enumerate((hypothesis, *references)):
            texts.append(text)
            places.append(number * sides + side)
    lengths = np.zeros((len(groups), sides), dtype=np.int64)
    lengths.put(places, [len(text) for text in texts])
    totals = np.maximum(lengths[:, :, None] - np.arange(order), 0)
    tokens = _dense(np.concatenate(texts).astype(np.int64))
    side_bits = (sides - 1).bit_length()
    place = np.repeat((np.arange(len(groups)) << side_bits)[:, None] + np.arange(sides), lengths.ravel())
    ends = np.repeat(np.cumsum(lengths.ravel()), lengths.ravel())
    left = ends - np.arange(len(tokens))
    matches = np.zeros((len(groups), order), dtype=np.int64)
    room = _BITS - side_bits - len(groups).bit_length()
    for n, (grams, bits, whole) in enumerate(_grams(tokens, left, order, room)):
        matches[:, n] = _matches(grams[whole], bits, place[: len(whole)][whole], side_bits, len(groups))
    return Overlap(totals[:, 0], totals[:, 1:].max(axis=1, initial=0), matches)


def _grams(tokens: Ints, left: Ints, order: int, room: int) -> Iterator[tuple[Ints, int, NDArray[np.bool_]]]:
    """For n = 1 … order the n-gram that starts at each token, the bits it may use, and whether its text holds it."""
    token_bits = _bits(tokens)
    grams, bits = tokens, token_bits
    yield grams, bits, left >= 1
    for n in range(2, order + 1):
        if bits + token_bits > room:
            grams = _dense(grams)
            bits = _bits(grams)
        starts = max(len(tokens) - n + 1, 0)
        grams = (grams[:starts] << token_bits) | tokens[n - 1 :]
        bits += token_bits
        yield grams, bits, left[:starts] >= n


def _bits(numbers: Ints) -> int:
    return max(int(numbers.max(initial=0)).bit_length(), 1)


def _matches(grams: Ints, bits: int, place: Ints, side_bits: int, groups: int) -> Ints:
    """Per group the hypothesis' n-grams that a reference has too."""
    group, side = place >> side_bits, place & ((1 << side_bits) - 1)
    key = np.sort((((group << bits) | grams) << side_bits) | side)
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    if not len(starts):
        return np.zeros(groups, dtype=np.int64)
    counts = np.diff(starts, append=len(key))
    gram, ours = key[starts] >> side_bits, (key[starts] & ((1 << side_bits) - 1)) == 0
    firsts = np.flatnonzero(np.diff(gram, prepend=-1))
    # The hypothesis is side 0, so where it has the n-gram at all it comes first.
    in_hypothesis = np.where(ours[firsts], counts[firsts], 0)
    in_references = np.maximum.reduceat(np.where(ours, 0, counts), firsts)
    shared = np.minimum(in_hypothesis, in_references)
    return np.bincount(gram[firsts] >> bits, shared, minlength=groups).astype(np.int64)


def _dense(values: Ints) -> Ints:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


class Vocabulary:
    """Numbers for tokens, in the order of their first appearance."""

    def __init__(self) -> None:
        self._numbers: defaultdict[Hashable, int] = defaultdict()
        self._numbers.default_factory = self._numbers.__len__

    def encode(self, tokens: Sequence[Hashable]) -> Ints:
        return np.fromiter(map(self._numbers.__getitem__, tokens), dtype=np.int64, count=len(tokens))


def code_points(text: str) -> Ints:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.int64)
