"""Evaluation sets, models and finished systems, made by the services that make them for people."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from evaluation.metrics.base import Pair
from evaluation.metrics.comparing import Resampling, compared
from evaluation.metrics.registry import build
from evaluation.metrics.scoring import score_systems
from evaluation.models import EvalSet, Evaluation, System
from evaluation.parts import labels
from evaluation.services.evalsets import create_evalset
from evaluation.services.evaluations import create_evaluation
from evaluation.services.outputs import upload_outputs
from evaluation.services.scoring import finish_scoring, labelled, save_scores
from sftlab.accounts.models import User
from training.models import LanguageModel

ITEMS = [
    ("en-1", "Name the capital of France.", "The capital of France is Paris.", "fact", "en"),
    ("en-2", "Why is the sky blue?", "Air scatters blue light more than red light.", "science", "en"),
    ("zh-1", "法国的首都是哪里？", "法国的首都是巴黎。", "fact", "zh"),
    ("zh-2", "天空为什么是蓝色的？", "空气对蓝光的散射比对红光更强。", "science", "zh"),
]


def records() -> list[dict[str, Any]]:
    return [
        {
            "id": key,
            "turns": [{"role": "user", "content": prompt}],
            "references": [reference],
            "metadata": {"category": category, "language": language, "difficulty": "easy"},
        }
        for key, prompt, reference, category, language in ITEMS
    ]


def make_evalset(actor: User, name: str = "basics") -> EvalSet:
    return create_evalset(actor=actor, name=name, items=records())[0]


def make_model(actor: User, name: str, **fields: Any) -> LanguageModel:
    return LanguageModel.objects.create(
        name=name, registered_by=actor, **({"kind": LanguageModel.Kind.EXTERNAL} | fields)
    )


def make_evaluation(
    actor: User, evalset: EvalSet, *models: LanguageModel, metrics: tuple[str, ...] = ("bleu",)
) -> Evaluation:
    return create_evaluation(
        actor=actor, evalset=evalset.uuid, models=[model.uuid for model in models], metrics=metrics
    )


PERFECT = {key: reference for key, _prompt, reference, _category, _language in ITEMS}


def upload(actor: User, evaluation: Evaluation, model: LanguageModel, texts: Mapping[str, str] = PERFECT) -> System:
    rows = [{"id": key, "text": text, "finish": "stop", "tokens": len(text)} for key, text in texts.items()]
    upload_outputs(actor=actor, evaluation=evaluation, rows=rows, model=model.uuid)
    return evaluation.systems.get(model=model)


def score_here(evaluation: Evaluation) -> None:
    """What the metrics child and the job do, without starting a process."""
    evaluation.refresh_from_db()
    systems = list(evaluation.systems.filter(status=System.Status.DONE))
    metrics = [build(name) for name in evaluation.metrics]
    for language in ("en", "zh"):
        sources = {str(system.uuid): partial(_pairs, system, language) for system in systems}
        found = score_systems(sources, metrics, resamples=200)
        result = {name: [one.as_json() for one in scores] for name, scores in found.items()}
        known = labels([labelled(item) for item in evaluation.evalset.items.filter(language=language)])
        more = compared(metrics, found, known, Resampling(resamples=200))
        save_scores(evaluation, systems, language, {"systems": result, **more})
    finish_scoring(evaluation)


def _pairs(system: System, language: str) -> list[Pair]:
    outputs = system.outputs.filter(item__language=language).select_related("item")
    return [Pair(one.item.key, one.text, tuple(one.item.references), language) for one in outputs]
