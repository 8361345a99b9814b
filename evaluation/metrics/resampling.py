"""Seeded resampling of sufficient statistics: intervals, paired bootstrap, approximate randomisation, Holm."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.metrics.base import Floats

Value = Callable[[Floats], Floats]

RESAMPLES = 1000
LEVEL = 0.95
_BLOCK_CELLS = 500_000


def interval(
    statistics: Floats, value: Value, *, resamples: int, seed: int, level: float = LEVEL
) -> tuple[float, float]:
    """Percentile bootstrap over items (Efron and Tibshirani 1993), the same for the same seed and order of items."""
    rng = np.random.default_rng(seed)
    values = [value(counts @ statistics) for counts in _draws(rng, len(statistics), resamples)]
    return _percentiles(np.concatenate(values), level)


@dataclass(frozen=True)
class Comparison:
    """System ``a`` against ``b`` over the same items: ``difference`` is a's value minus b's."""

    a: str
    b: str
    difference: float
    low: float
    high: float
    p_bootstrap: float
    p_randomisation: float
    n: int
    resamples: int
    seed: int
    p_bootstrap_holm: float = 1.0
    p_randomisation_holm: float = 1.0


def compare(
    a: Floats,
    b: Floats,
    value: Value,
    *,
    names: tuple[str, str] = ("a", "b"),
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
) -> Comparison:
    """Two systems' rows for the same items, in the same order.

    The bootstrap's p is Koehn's (2004) with the resampled differences shifted to mean 0, randomisation's that of
    Riezler and Maxwell (2005), which swaps items at random; both two-sided, with one added to count and total.
    """
    difference = float(value(a.sum(axis=0)) - value(b.sum(axis=0)))
    rng = np.random.default_rng(seed)
    both = np.concatenate([a, b], axis=1)
    sums = np.concatenate([counts @ both for counts in _draws(rng, len(a), resamples)])
    resampled = value(sums[:, : a.shape[1]]) - value(sums[:, a.shape[1] :])
    swapped = np.concatenate(list(_swaps(rng, a, b, value, resamples)))
    low, high = _percentiles(resampled, level)
    return Comparison(
        *names,
        difference,
        low,
        high,
        _p(np.abs(resampled - resampled.mean()), difference),
        _p(np.abs(swapped), difference),
        len(a),
        resamples,
        seed,
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values (Holm 1979), in the order given."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, p_values[place] * (len(p_values) - rank)))
        adjusted[place] = highest
    return adjusted


def _p(extreme: Floats, difference: float) -> float:
    # Equal up to rounding counts as reached, or identical systems would differ by chance.
    return float((np.count_nonzero(extreme >= abs(difference) - 1e-12) + 1) / (len(extreme) + 1))


def _percentiles(values: Floats, level: float) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _draws(rng: np.random.Generator, items: int, resamples: int) -> Iterator[Floats]:
    """How often each item is drawn, in blocks of resamples."""
    for block in _blocks(items, resamples):
        drawn = rng.integers(0, items, (block, items), dtype=np.int32)
        drawn += (np.arange(block, dtype=np.int32) * items)[:, None]
        yield np.bincount(drawn.ravel(), minlength=block * items).reshape(block, items).astype(np.float64)


def _swaps(rng: np.random.Generator, a: Floats, b: Floats, value: Value, resamples: int) -> Iterator[Floats]:
    total, gain = a.sum(axis=0) + b.sum(axis=0), b - a
    width = -(-len(a) // 8)
    for block in _blocks(len(a), resamples):
        coins = np.unpackbits(rng.integers(0, 256, (block, width), dtype=np.uint8), axis=1)[:, : len(a)]
        left = a.sum(axis=0) + coins.astype(np.float64) @ gain
        yield value(left) - value(total - left)


def _blocks(items: int, resamples: int) -> Iterator[int]:
    size = max(1, _BLOCK_CELLS // max(items, 1))
    for start in range(0, resamples, size):
        yield min(size, resamples - start)
