from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from evaluation.models import EvalItem, EvalSet, Evaluation, ItemScore, Output, Score, System
from sftlab.errors import Missing
from training.models import LanguageModel


def evaluations() -> QuerySet[Evaluation]:
    """Their analysis, which may be large, is read when it is asked for."""
    found = Evaluation.objects.defer("comparisons", "parts", "correlations")
    return found.select_related("evalset", "created_by").prefetch_related("systems__model")


def get_evaluation(uuid: UUID) -> Evaluation:
    found = evaluations().filter(uuid=uuid).first()
    if found is None:
        raise Missing(_("There is no such evaluation."))
    return found


def systems_of(evaluation: Evaluation) -> list[System]:
    """In the order they were named."""
    return list(evaluation.systems.select_related("model"))


def scores_of(evaluation: Evaluation) -> QuerySet[Score]:
    found = Score.objects.filter(system__evaluation=evaluation, current=True)
    return found.select_related("system__model").order_by("metric", "language", "category", "system_id")


def finished_systems(evalset: EvalSet, models: Iterable[LanguageModel] | None = None) -> dict[int, System]:
    """By model's key: the newest system of each model whose outputs are complete. What studies and leaderboards use."""
    found = System.objects.filter(evaluation__evalset=evalset, status=System.Status.DONE)
    if models is not None:
        found = found.filter(model__in=list(models))
    found = found.select_related("model", "evaluation").order_by("pk")
    return {system.model_id: system for system in found}


def explore(
    evaluation: Evaluation, *, metric: str = "", language: str = "", category: str = ""
) -> list[dict[str, Any]]:
    """Items with every system's output side by side, those on which the metric disagrees most first."""
    items = EvalItem.objects.filter(evalset=evaluation.evalset)
    if language:
        items = items.filter(language=language)
    if category:
        items = items.filter(category=category)
    outputs = Output.objects.filter(system__evaluation=evaluation, item__in=items).select_related("system__model")
    values = dict(
        ItemScore.objects.filter(output__system__evaluation=evaluation, metric=metric).values_list("output_id", "value")
    )
    by_item: dict[int, list[Output]] = {}
    for output in outputs.order_by("system_id"):
        by_item.setdefault(output.item_id, []).append(output)
    rows = [_row(item, by_item.get(item.pk, []), values) for item in items]
    return sorted(rows, key=lambda row: -row["spread"]) if metric else rows


def _row(item: EvalItem, outputs: list[Output], values: dict[int, float | None]) -> dict[str, Any]:
    known = [value for output in outputs if (value := values.get(output.pk)) is not None]
    cells = [
        {
            "model": {"id": str(output.system.model.uuid), "name": output.system.model.name},
            "text": output.text,
            "finish": output.finish,
            "tokens": output.tokens,
            "value": values.get(output.pk),
            "output": str(output.uuid),
        }
        for output in outputs
    ]
    return {"item": item, "outputs": cells, "spread": max(known) - min(known) if known else 0.0}
