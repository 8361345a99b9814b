"""Metrics against the votes of the studies that judged the same outputs."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction

from evaluation.correlation import RESAMPLES, Correlation, Level, Point, coefficients
from evaluation.metrics.registry import METRICS
from evaluation.models import Evaluation, ItemScore, Score, Study, StudySystem, Unit, Vote
from evaluation.selectors.studies import newest_result, slice_key

CHOICE = "choice"
FIRST_LESS_SECOND = {"left": 1.0, "right": -1.0, "tie": 0.0, "both_bad": 0.0}


@dataclass(frozen=True)
class Judged:
    """What people said of one answer, or of the first of two less the second."""

    item: str
    language: str
    outputs: tuple[int, ...]
    value: float


def studies_of(evaluation: Evaluation) -> list[Study]:
    """Those whose raters saw outputs of this evaluation."""
    found = StudySystem.objects.filter(system__evaluation=evaluation).values("study")
    return list(Study.objects.filter(pk__in=found).order_by("pk"))


@transaction.atomic
def correlate(*, evaluation: Evaluation) -> None:
    """Every study's newest votes, in the place of what was computed before."""
    found = [asdict(one) for study in studies_of(evaluation) for one in _of_study(evaluation, study)]
    Evaluation.objects.filter(pk=evaluation.pk).update(correlations=found)
    evaluation.correlations = found


@dataclass(frozen=True)
class _Case:
    """One metric against one thing that a study's raters judged, in one language."""

    evaluation: Evaluation
    study: Study
    metric: str
    judged: str
    language: str

    @property
    def sign(self) -> float:
        """Turned where less is better, so that agreement is always positive."""
        return -1.0 if self.metric in METRICS and METRICS[self.metric].better == "lower" else 1.0

    def correlation(self, level: Level, points: list[Point]) -> Correlation:
        pearson, spearman, kendall = coefficients(points, level=level, seed=self.study.seed)
        resamples = RESAMPLES if level == "item" else 0
        about = (str(self.study.uuid), self.metric, self.language, self.judged, level, len(points))
        return Correlation(*about, pearson, spearman, kendall, resamples, self.study.seed)


def _of_study(evaluation: Evaluation, study: Study) -> Iterator[Correlation]:
    judged = _judged(study)
    for metric in evaluation.metrics:
        scores = ItemScore.objects.filter(output__system__evaluation=evaluation, metric=metric)
        values = {output: value for output, value in scores.values_list("output_id", "value") if value is not None}
        for name, said in judged.items():
            for language in sorted({one.language for one in said}):
                case = _Case(evaluation, study, metric, name, language)
                items = [one for one in said if one.language == language and set(one.outputs) <= values.keys()]
                points = [Point(one.item, case.sign * _difference(one, values), one.value) for one in items]
                yield case.correlation("item", points)
                yield case.correlation("system", _systems(case))


def _difference(one: Judged, values: dict[int, float]) -> float:
    first, *second = (values[output] for output in one.outputs)
    return first - sum(second)


def _judged(study: Study) -> dict[str, list[Judged]]:
    """By "choice" and dimension, the mean over the raters who count."""
    excluded = study.members.filter(excluded_at__isnull=False).values("user")
    votes = Vote.objects.filter(study=study, unit__kind=Unit.Kind.ORDINARY).exclude(rater__in=excluded)
    columns = (
        *("unit__item_id", "unit__item__language", "unit__first__output_id", "unit__second__output_id"),
        *("presentation__swapped", "choice", "scores"),
    )
    said: dict[str, dict[tuple[str, str, tuple[int, ...]], list[float]]] = {}
    for item, language, first, second, swapped, choice, scores in votes.values_list(*columns):
        left, right = (second, first) if swapped else (first, second)
        if choice in FIRST_LESS_SECOND and right is not None:
            value = FIRST_LESS_SECOND[choice] * (-1 if swapped else 1)
            said.setdefault(CHOICE, {}).setdefault((str(item), language, (first, second)), []).append(value)
        for side, output in (("left", left), ("right", right)):
            for dimension, score in scores.get(side, {}).items():
                said.setdefault(dimension, {}).setdefault((str(item), language, (output,)), []).append(score)
    return {
        name: [Judged(item, language, outputs, sum(v) / len(v)) for (item, language, outputs), v in by.items()]
        for name, by in said.items()
    }


def _systems(case: _Case) -> list[Point]:
    """Each model's score against its strength, or its mean score, as the study's newest result has it."""
    result = newest_result(case.study)
    people = _by_model(result.data["slices"].get(slice_key(case.language, None)), case.judged) if result else {}
    scores = Score.objects.filter(
        system__evaluation=case.evaluation, metric=case.metric, language=case.language, category="", current=True
    ).values_list("system__model__uuid", "value")
    by_model = {str(model): case.sign * value for model, value in scores if value is not None}
    return [Point(model, by_model[model], human) for model, human in people.items() if model in by_model]


def _by_model(part: dict[str, Any] | None, judged: str) -> dict[str, float]:
    if part is None:
        return {}
    if judged == CHOICE:
        rows, name = (part["ranking"] or {"systems": []})["systems"], "strength"
    else:
        rows, name = part["likert"].get(judged, {"means": []})["means"], "mean"
    return {row["model"]: row[name] for row in rows if row[name] is not None}
