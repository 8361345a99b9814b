from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Max, Min, QuerySet
from django.utils.translation import gettext as _

from annotation.models import DatasetVersion
from evaluation.models import EvalItem, EvalSet, Evaluation, ItemScore, Output, Score, System
from sftlab.errors import Missing
from training.models import LanguageModel, RunDataset


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


def trained_on(models: Iterable[LanguageModel]) -> list[tuple[LanguageModel, DatasetVersion]]:
    """The dataset versions that went into these models here, each with the model."""
    data = RunDataset.objects.filter(run__tuned__in=list(models)).select_related("run__tuned", "version__project")
    return [(one.run.tuned, one.version) for one in data.order_by("run__tuned__name", "position")]


def ranked_items(evaluation: Evaluation, *, metric: str = "", language: str = "", category: str = "") -> list[int]:
    """Keys of the set's items, those on which the systems' values of the metric lie furthest apart first."""
    items = EvalItem.objects.filter(evalset=evaluation.evalset)
    if language:
        items = items.filter(language=language)
    if category:
        items = items.filter(category=category)
    keys = list(items.values_list("pk", flat=True))
    if not metric:
        return keys
    scores = ItemScore.objects.filter(output__system__evaluation=evaluation, metric=metric).values("output__item")
    spreads = dict(scores.annotate(spread=Max("value") - Min("value")).values_list("output__item", "spread"))
    return sorted(keys, key=lambda key: -(spreads.get(key) or 0.0))


def explore(evaluation: Evaluation, items: Sequence[int], *, metric: str = "") -> list[dict[str, Any]]:
    """These items, in this order, with every system's output side by side."""
    found = EvalItem.objects.in_bulk(items)
    outputs = Output.objects.filter(system__evaluation=evaluation, item__in=items).select_related("system__model")
    values = dict(
        ItemScore.objects.filter(output__in=outputs, metric=metric).values_list("output_id", "value") if metric else []
    )
    by_item: dict[int, list[Output]] = {}
    for output in outputs.order_by("system_id"):
        by_item.setdefault(output.item_id, []).append(output)
    return [_row(found[key], by_item.get(key, []), values) for key in items]


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
