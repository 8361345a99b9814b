"""Scores as pages show them: models down, metric and language across, each column on a scale of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from evaluation.metric_titles import title_of
from evaluation.metrics.registry import METRICS
from evaluation.models import Evaluation, Score, System
from evaluation.parts import order
from evaluation.selectors.analysis import WHOLE, Asked, comparison_rows, correlation_rows, score_rows
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
        column.decimals = decimals_of(column.metric)
    ordered = sorted(columns.values(), key=lambda column: (evaluation.metrics.index(column.metric), column.language))
    lines = [Line(system, [(c, c.cells.get(system.pk)) for c in ordered]) for system in systems_of(evaluation)]
    return ScoreTable(ordered, lines)


def decimals_of(metric: str) -> int:
    """The same in every language and for every model, so that columns can be compared."""
    return METRICS[metric].decimals if metric in METRICS else 3


def scale(scores: Sequence[Any]) -> tuple[float, float]:
    """From the least to the most that any interval reaches, with a little room."""
    return span([end for one in scores for end in (one.low, one.high, one.value) if end is not None])


def span(ends: Sequence[float]) -> tuple[float, float]:
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


def comparisons(evaluation: Evaluation, *, metric: str = "", by: str = WHOLE) -> list[dict[str, Any]]:
    """Each two systems on each metric and language: the difference, and whether chance alone makes one as large."""
    return [
        {**row, "metric": title_of(row["metric"]), "clear": row["p_bootstrap_holm"] < 0.05}
        for row in comparison_rows(evaluation, Asked(metric=metric, by=by))
    ]


@dataclass(frozen=True)
class PartLine:
    """One part of the set: a value for each system, in the systems' order."""

    language: str
    label: str
    cells: list[dict[str, Any] | None]
    differences: list[dict[str, Any]]


@dataclass(frozen=True)
class PartTable:
    systems: list[System]
    smallest: float
    largest: float
    decimals: int
    lines: list[PartLine]


def part_table(evaluation: Evaluation, *, metric: str, by: str) -> PartTable:
    """A metric over the parts of the set, and the whole of each language above its parts."""
    systems = systems_of(evaluation)
    cells: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for wanted in (WHOLE, by):
        for row in score_rows(evaluation, Asked(metric=metric, by=wanted)):
            cells.setdefault((row["language"], row["label"]), {})[row["model_id"]] = row
    differences: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for wanted in (WHOLE, by):
        for row in comparisons(evaluation, metric=metric, by=wanted):
            differences.setdefault((row["language"], row["label"]), []).append(row)
    ends = [end for by_model in cells.values() for row in by_model.values() for end in _ends(row)]
    smallest, largest = span(ends)
    lines = [
        PartLine(*key, [cells[key].get(str(one.model.uuid)) for one in systems], differences.get(key, []))
        for key in sorted(cells, key=lambda key: (key[0], key[1] != "", order(key[1])))
    ]
    return PartTable(systems, smallest, largest, decimals_of(metric), lines)


def _ends(row: Mapping[str, Any]) -> list[float]:
    return [row[name] for name in ("low", "high", "value") if row[name] is not None]


@dataclass(frozen=True)
class Agreement:
    """A metric against people in one study, language and thing judged."""

    row: dict[str, Any]
    title: str
    coefficients: list[dict[str, Any]]


def agreements(evaluation: Evaluation) -> list[Agreement]:
    return [
        Agreement(
            row,
            title_of(row["metric"]),
            [
                {part or "value": row[f"{kind}{f'_{part}' if part else ''}"] for part in ("", "low", "high", "reason")}
                for kind in ("pearson", "spearman", "kendall")
            ],
        )
        for row in correlation_rows(evaluation)
    ]
