"""Systems against each other, over all items and over parts of them: sums of sufficient statistics, no text again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from evaluation.metrics.base import Metric
from evaluation.metrics.resampling import LEVEL, RESAMPLES, Comparison, compare, holm, interval
from evaluation.metrics.score import ItemScore, Score

Labels = Mapping[str, Mapping[str, str]]
"""By dimension (category, difficulty, …) the label of each item that has one."""


@dataclass(frozen=True)
class Resampling:
    resamples: int = RESAMPLES
    seed: int = 0
    level: float = LEVEL


def compared(
    metrics: Sequence[Metric],
    scores: Mapping[str, Sequence[Score]],
    labels: Labels,
    how: Resampling,
    *,
    step: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """``{comparisons: {metric: [Comparison, …]}, parts: {metric: [part, …]}}``; ``step`` is called after each part."""
    comparisons: dict[str, Any] = {}
    found: dict[str, list[dict[str, Any]]] = {}
    for place, metric in enumerate(metrics):
        own = {name: of_system[place] for name, of_system in scores.items()}
        comparisons[metric.name] = [asdict(one) for one in compare_systems(metric, own, how)]
        found[metric.name] = []
        for part in parts(metric, own, labels, how):
            found[metric.name].append(part)
            step()
    return {"comparisons": comparisons, "parts": found}


def compare_systems(metric: Metric, scores: Mapping[str, Score], how: Resampling) -> list[Comparison]:
    """Every two systems over the items that both have a value for, p-values corrected over all of them (Holm)."""
    found = [_compare_two(metric, (a, b), (scores[a], scores[b]), how) for a, b in combinations(scores, 2)]
    known = [one for one in found if one is not None]
    bootstrap = holm([one.p_bootstrap for one in known])
    randomisation = holm([one.p_randomisation for one in known])
    return [
        replace(one, p_bootstrap_holm=p, p_randomisation_holm=q)
        for one, p, q in zip(known, bootstrap, randomisation, strict=True)
    ]


def _compare_two(
    metric: Metric, names: tuple[str, str], scores: tuple[Score, Score], how: Resampling
) -> Comparison | None:
    both = [
        (a.statistics, b.statistics)
        for a, b in zip(scores[0].items, scores[1].items, strict=True)
        if a.value is not None and b.value is not None
    ]
    if len(both) < 2 or not how.resamples or any(score.value is None for score in scores):
        return None
    a, b = (np.array(rows) for rows in zip(*both, strict=True))
    return compare(a, b, metric.value, names=names, resamples=how.resamples, seed=how.seed, level=how.level)


def parts(metric: Metric, scores: Mapping[str, Score], labels: Labels, how: Resampling) -> Iterator[dict[str, Any]]:
    """For each label of each dimension ``{by, label, systems: {name: {value, low, high, n}}, comparisons}``.

    Systems without a value on the whole, or without an item that has one here, are left out. Holm's family is the
    pairs within one part.
    """
    known = {name: score for name, score in scores.items() if score.value is not None}
    for by, of_item in labels.items():
        for label in sorted(set(of_item.values())):
            chosen = {name: _only(score, of_item, label) for name, score in known.items()}
            values = {name: _value(metric, score.items, how) for name, score in chosen.items()}
            yield {
                "by": by,
                "label": label,
                "systems": {name: value for name, value in values.items() if value is not None},
                "comparisons": [asdict(one) for one in compare_systems(metric, chosen, how)],
            }


def _only(score: Score, of_item: Mapping[str, str], label: str) -> Score:
    return replace(score, items=[item for item in score.items if of_item.get(item.id) == label])


def _value(metric: Metric, items: Sequence[ItemScore], how: Resampling) -> dict[str, Any] | None:
    statistics = np.array([item.statistics for item in items if item.value is not None])
    if not len(statistics):
        return None
    low = high = None
    if len(statistics) > 1 and how.resamples:
        low, high = interval(statistics, metric.value, resamples=how.resamples, seed=how.seed, level=how.level)
    return {"value": float(metric.value(statistics.sum(axis=0))), "low": low, "high": high, "n": len(statistics)}
