"""A score with everything that made it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evaluation.metrics.base import Better, Metric, Rows
from evaluation.metrics.resampling import LEVEL, RESAMPLES, interval


@dataclass(frozen=True)
class ItemScore:
    """One item's value; null with the reason where the row is out of the score."""

    id: str
    value: float | None
    flags: list[str] = field(default_factory=list)
    reason: str | None = None
    statistics: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Score:
    """A corpus value, its interval and its items. ``value`` is null with the ``reason`` where none can be given."""

    metric: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    signature: str
    better: Better
    level: float = LEVEL
    resamples: int = 0
    seed: int = 0
    parts: dict[str, float] = field(default_factory=dict)
    flags: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    reason: str | None = None
    columns: list[str] = field(default_factory=list)
    items: list[ItemScore] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "items": [vars(item) for item in self.items]}


def score_rows(
    metric: Metric, ids: Sequence[str], rows: Rows, *, resamples: int = RESAMPLES, seed: int = 0, level: float = LEVEL
) -> Score:
    valid = rows.valid
    statistics = rows.statistics[valid]
    reason = metric.refusal(rows) or (None if len(statistics) else "no row can be scored")
    value = low = high = None
    parts: dict[str, float] = {}
    if reason is None:
        totals = statistics.sum(axis=0)
        value = float(metric.value(totals))
        parts = {name: float(part) for name, part in metric.parts(totals).items()}
        if resamples and len(statistics) > 1:
            low, high = interval(statistics, metric.value, resamples=resamples, seed=seed, level=level)
    return Score(
        metric=metric.name,
        value=value,
        low=low,
        high=high,
        n=len(statistics),
        signature=metric.signature,
        better=metric.better,
        level=level,
        resamples=resamples,
        seed=seed,
        parts=parts,
        flags=dict(Counter(flag for flags in rows.flags for flag in flags)),
        reasons=dict(Counter(reason for reason in rows.reasons if reason)),
        reason=reason,
        columns=list(metric.columns),
        items=_items(metric, ids, rows),
    )


def not_computed(metric: str, reason: str, *, better: Better = "higher", signature: str = "") -> Score:
    return Score(metric, None, None, None, 0, signature or metric, better, reason=reason)


def _items(metric: Metric, ids: Sequence[str], rows: Rows) -> list[ItemScore]:
    values = np.broadcast_to(metric.value(rows.statistics), len(ids)).tolist()
    statistics = rows.statistics.tolist()
    return [
        ItemScore(id, None if reason else value, flags, reason, [] if reason else row)
        for id, value, flags, reason, row in zip(ids, values, rows.flags, rows.reasons, statistics, strict=True)
    ]
