"""How alike two texts are, from 0 to 1: the kernels that metrics, gold scoring and duplicate checks share."""

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from sftlab.text.ngrams import code_points, overlap
from sftlab.text.sequences import lcs_length

Floats = NDArray[np.float64]
Counts = NDArray[np.int64] | Floats

CHRF_ORDER = 6


class PRF(NamedTuple):
    """Precision (share of the hypothesis), recall (share of the reference), and their F."""

    precision: float
    recall: float
    f: float


def prf(matches: float, in_hypothesis: float, in_reference: float) -> PRF:
    precision = matches / in_hypothesis if in_hypothesis else 0.0
    recall = matches / in_reference if in_reference else 0.0
    total = precision + recall
    return PRF(precision, recall, 2 * precision * recall / total if total else 0.0)


def lcs_prf(hypothesis: Sequence[Hashable], reference: Sequence[Hashable]) -> PRF:
    """ROUGE-L of two token sequences (Lin 2004, with equal weight for precision and recall)."""
    return prf(lcs_length(hypothesis, reference), len(hypothesis), len(reference))


def ngram_prf(hypothesis: Sequence[Hashable], reference: Sequence[Hashable], n: int = 1) -> PRF:
    """ROUGE-N of two token sequences; n = 1 is SQuAD's token F1."""
    left, right = _counts(hypothesis, n), _counts(reference, n)
    matches = sum(min(count, right[gram]) for gram, count in left.items() if gram in right)
    return prf(matches, left.total(), right.total())


def _counts(tokens: Sequence[Hashable], n: int) -> Counter[Hashable]:
    if n == 1:
        return Counter(tokens)
    return Counter(zip(*(tokens[shift:] for shift in range(n)), strict=False))


def edit_similarity(left: str, right: str) -> float:
    """1 minus the Levenshtein distance over the longer length, by character."""
    return float(Levenshtein.normalized_similarity(left, right))


def chrf(hypothesis: str, reference: str, order: int = CHRF_ORDER, beta: float = 2.0) -> float:
    """chrF (Popović 2015), as sacrebleu counts it: white space left out, orders absent from a side not averaged."""
    left, right = (code_points("".join(text.split())) for text in (hypothesis, reference))
    found = overlap([(left, [right])], order)
    return float(chrf_from_counts(found.hypothesis, found.reference, found.matches, beta)[0])


def chrf_from_counts(hypothesis: Counts, reference: Counts, matches: Counts, beta: float = 2.0) -> Floats:
    """chrF of count arrays whose last axis is the n-gram order."""
    present = (hypothesis > 0) & (reference > 0)
    orders = np.maximum(present.sum(axis=-1), 1)
    precision = (np.where(present, matches / np.maximum(hypothesis, 1), 0)).sum(axis=-1) / orders
    recall = (np.where(present, matches / np.maximum(reference, 1), 0)).sum(axis=-1) / orders
    weight = beta**2
    below = weight * precision + recall
    return np.where(below > 0, (1 + weight) * precision * recall / np.where(below > 0, below, 1), 0.0)
