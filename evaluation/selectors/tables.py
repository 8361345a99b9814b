"""Scores as pages show them: models down, metric and language across, each column on a scale of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from evaluation.metrics.registry import METRICS
from evaluation.models import Evaluation, Score, System
from evaluation.selectors.evaluations import scores_of, systems_of


@dataclass
class Column:
    metric: str
    language: str
    title: str
    smallest: float = 0.0
    largest: float = 1.0
    decimals: int = 2
    signature: str = ""
    cells: dict[int, Score] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    system: System
    cells: list[tuple[Column, Score | None]]


@dataclass(frozen=True)
class ScoreTable:
    columns: list[Column]
    lines: list[Line]


def score_table(evaluation: Evaluation) -> ScoreTable:
    columns: dict[tuple[str, str], Column] = {}
    for score in scores_of(evaluation).filter(category=""):
        key = (score.metric, score.language)
        column = columns.setdefault(key, Column(score.metric, score.language, title_of(score.metric)))
        column.cells[score.system_id] = score
        column.signature = column.signature or score.signature
    for column in columns.values():
        column.smallest, column.largest = scale(list(column.cells.values()))
        column.decimals = 1 if column.largest > 10 else 3
    ordered = sorted(columns.values(), key=lambda column: (evaluation.metrics.index(column.metric), column.language))
    lines = [Line(system, [(c, c.cells.get(system.pk)) for c in ordered]) for system in systems_of(evaluation)]
    return ScoreTable(ordered, lines)


def title_of(metric: str) -> str:
    return METRICS[metric].title if metric in METRICS else metric


def scale(scores: Sequence[Any]) -> tuple[float, float]:
    """From the least to the most that any interval reaches, with a little room."""
    ends = [end for one in scores for end in (one.low, one.high, one.value) if end is not None]
    if not ends:
        return 0.0, 1.0
    room = 0.05 * (max(ends) - min(ends)) or 0.5 * abs(max(ends)) or 1.0
    return min(ends) - room, max(ends) + room


def how(score: Score) -> str:
    """What made a number, for its hover."""
    parts = [score.signature, f"n={score.n}"]
    if score.low is not None:
        level = score.details.get("level", 0.95)
        parts.append(_("%(level)s%% interval by bootstrap") % {"level": f"{100 * level:g}"})
        parts.append(f"{score.details.get('resamples', 0)}×, seed {score.details.get('seed', 0)}")
    return " · ".join(parts)


def comparisons(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Each two systems on each metric and language: the difference, and whether chance alone makes one as large."""
    names = {str(system.uuid): system.model.name for system in systems_of(evaluation)}
    return [
        {
            **one,
            "a": names.get(one["a"], "?"),
            "b": names.get(one["b"], "?"),
            "metric": title_of(metric),
            "language": language,
            "clear": one["p_bootstrap_holm"] < 0.05,
        }
        for language, found in sorted(evaluation.comparisons.items())
        for metric, pairs in found.items()
        for one in pairs
    ]
