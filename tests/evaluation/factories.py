"""Evaluation sets, models and finished systems, made by the services that make them for people."""

from collections.abc import Mapping
from typing import Any

from evaluation.models import EvalSet, Evaluation, System
from evaluation.services.evalsets import create_evalset
from evaluation.services.evaluations import create_evaluation
from evaluation.services.outputs import upload_outputs
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
