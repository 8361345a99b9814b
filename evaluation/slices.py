"""A metric over some of the items, from their sufficient statistics: no text is read again. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluation.metrics.registry import build
from evaluation.metrics.resampling import interval
from sftlab.errors import SFTLabError


@dataclass(frozen=True)
class Slice:
    value: float
    low: float | None
    high: float | None
    n: int


def by_category(score: Mapping[str, Any], category_of: Mapping[str, str]) -> dict[str, Slice]:
    """The categories of a child's score that have a value; nothing when its statistics can't be summed apart."""
    metric = _summable(score)
    if metric is None:
        return {}
    rows: dict[str, list[Sequence[float]]] = {}
    for item in score["items"]:
        category = category_of.get(item["id"], "")
        if category and item["value"] is not None:
            rows.setdefault(category, []).append(item["statistics"])
    return {category: _slice(metric, np.array(part), score) for category, part in rows.items()}


def _summable(score: Mapping[str, Any]) -> Any:
    try:
        metric = build(score["metric"])
    except SFTLabError:
        return None
    return metric if score["value"] is not None and list(metric.columns) == list(score["columns"]) else None


def _slice(metric: Any, statistics: Any, score: Mapping[str, Any]) -> Slice:
    value = float(metric.value(statistics.sum(axis=0)))
    if len(statistics) < 2 or not score["resamples"]:
        return Slice(value, None, None, len(statistics))
    low, high = interval(
        statistics, metric.value, resamples=score["resamples"], seed=score["seed"], level=score["level"]
    )
    return Slice(value, low, high, len(statistics))
