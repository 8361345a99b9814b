"""What a row touched: versions, runs, models, outputs and leaderboards."""

from collections.abc import Iterable
from typing import Any

from annotation.models import DatasetVersion, Item
from evaluation.models import Leaderboard, System
from training.models import LanguageModel, Run


def impact(row: Item) -> dict[str, Any]:
    versions = DatasetVersion.objects.filter(row_set__item=row).select_related("project").distinct().order_by("pk")
    runs = Run.objects.filter(datasets__version__in=versions).distinct().order_by("pk")
    models = descended(LanguageModel.objects.filter(run__in=runs))
    systems = System.objects.filter(model__in=models).select_related("model", "evaluation").order_by("pk")
    boards = Leaderboard.objects.filter(current__systems__in=systems).distinct().order_by("name")
    return {
        "versions": [_named(version, str(version)) for version in versions],
        "runs": [_named(run, run.name) for run in runs],
        "models": [_named(model, model.name) for model in models],
        "evaluations": [_named(system.evaluation, str(system.evaluation)) for system in systems],
        "leaderboards": [{"id": str(board.uuid), "slug": board.slug, "name": board.name} for board in boards],
    }


def descended(models: Iterable[LanguageModel]) -> list[LanguageModel]:
    """With everything that was tuned from them, or from what was tuned from them."""
    found: dict[int, LanguageModel] = {}
    frontier = list(models)
    while frontier:
        fresh = {model.pk: model for model in frontier if model.pk not in found}
        found |= fresh
        frontier = list(LanguageModel.objects.filter(base__in=fresh))
    return list(found.values())


def withdrawn_behind(models: Iterable[LanguageModel]) -> dict[int, int]:
    """By model's key: how many of the rows that it, or a model it was tuned from, learnt from are withdrawn by now."""
    found: dict[int, set[int]] = {}
    touched: dict[int, set[int]] = {}
    learnt = Item.objects.filter(withdrawal__isnull=False, version_rows__version__runs__run__tuned__isnull=False)
    for row, tuned in learnt.values_list("pk", "version_rows__version__runs__run__tuned__pk"):
        touched.setdefault(tuned, set()).add(row)
    for model in models:
        above: LanguageModel | None = model
        while touched and above is not None:
            found.setdefault(model.pk, set()).update(touched.get(above.pk, ()))
            above = above.base
    return {model: len(rows) for model, rows in found.items() if rows}


def _named(found: Any, name: str) -> dict[str, str]:
    return {"id": str(found.uuid), "name": name}
