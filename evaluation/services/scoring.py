"""Metrics over finished outputs, by a child process for each language: each has its own tokeniser and encoder."""

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from evaluation import jobs
from evaluation.metric_settings import metric_settings
from evaluation.metrics.registry import METRICS
from evaluation.models import EvalItem, EvalSet, Evaluation, ItemScore, Leaderboard, Output, Score, System
from evaluation.parts import Labelled, labels
from evaluation.selectors.leaderboards import on_evalset
from evaluation.services.forgetting import decide
from evaluation.services.predicting import (
    Prediction,
    Predictions,
    predict_references,
    read_predictions,
    references_dir,
)
from sftlab.errors import Conflict
from training.events import Event
from training.execution import through_outages
from training.retries import HandedBack
from training.run_dirs import run_dir
from training.supervisor import Outcome, log_tail, supervise

RESAMPLES = 1000
BATCH = 2000
LABELS = "labels.json"


def score(*, evaluation: Evaluation) -> None:
    """Score every finished system, language after language, and tell the leaderboards.

    Runs at least once: a language whose child has finished is not computed again. Raises HandedBack when the worker
    stops.
    """
    if evaluation.status != Evaluation.Status.SCORING:
        return
    evaluation.transition(Evaluation.Status.SCORING, fence=F("fence") + 1)
    evaluation.refresh_from_db()
    systems = list(evaluation.systems.filter(status=System.Status.DONE).select_related("model"))
    predicted: Predictions = {}
    for system in systems if _predicts(evaluation) else []:
        outcome = predict_references(system, cancelled=lambda: not _still_scoring(evaluation))
        if outcome.ending == "stopped":
            raise HandedBack
        if outcome.ending != "done":
            through_outages(partial(_give_up, evaluation, outcome, references_dir(system)))
            return
        predicted[system.pk] = read_predictions(system)
    languages = sorted(set(evaluation.evalset.items.values_list("language", flat=True)))
    for place, language in enumerate(languages if evaluation.metrics else []):
        part = _Part(evaluation, systems, language, place, len(languages), predicted)
        outcome = part.run()
        if outcome.ending == "stopped":
            raise HandedBack
        if outcome.ending != "done":
            through_outages(partial(_give_up, evaluation, outcome, part.run_dir))
            return
        through_outages(partial(save_scores, evaluation, systems, language, outcome.result))
    through_outages(lambda: finish_scoring(evaluation))


def _predicts(evaluation: Evaluation) -> bool:
    return any(name in METRICS and METRICS[name].needs == "model" for name in evaluation.metrics)


@dataclass
class _Part:
    """One language of an evaluation."""

    evaluation: Evaluation
    systems: list[System]
    language: str
    place: int
    of: int
    predicted: Predictions
    run_dir: Path = field(init=False)

    def run(self) -> Outcome:
        spec, files = self._spec()
        digest = hashlib.sha256(json.dumps([spec, files], sort_keys=True).encode()).hexdigest()
        name = f"{self.evaluation.uuid}-{self.language or 'und'}-{digest[:16]}"
        self.run_dir = run_dir(self.evaluation.uuid).with_name(name)
        self.run_dir.mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            (self.run_dir / file).write_text(text, encoding="utf-8")
        (self.run_dir / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
        return supervise(
            self.run_dir,
            [sys.executable, "-m", "evaluation.metrics", str(self.run_dir)],
            on_events=self._progress,
            should_cancel=lambda: not _still_scoring(self.evaluation),
            heartbeat=lambda: Evaluation.objects.filter(pk=self.evaluation.pk, fence=self.evaluation.fence).exists(),
            fence=self.evaluation.fence,
        )

    def _spec(self) -> tuple[dict[str, Any], dict[str, str]]:
        items = list(self.evaluation.evalset.items.filter(language=self.language))
        files = {
            f"{system.uuid}.jsonl": pairs_text(system, items, self.predicted.get(system.pk, {}))
            for system in self.systems
        }
        files[LABELS] = json.dumps(labels([labelled(item) for item in items]), ensure_ascii=False)
        spec = {
            "version": 1,
            **metric_settings().spec(self.evaluation.metrics),
            "systems": {str(system.uuid): f"{system.uuid}.jsonl" for system in self.systems},
            "labels": LABELS,
            "language": self.language,
            "resamples": RESAMPLES,
            "seed": self.evaluation.seed,
        }
        return spec, files

    def _progress(self, events: list[Event], offset: int) -> None:
        last = next((event for event in reversed(events) if event.get("type") == "progress"), None)
        if last is not None:
            progress = {"language": self.language, "done": last["done"], "total": last["total"]}
            progress |= {"part": self.place + 1, "parts": self.of}
            Evaluation.objects.filter(pk=self.evaluation.pk).update(progress=progress)


def labelled(item: EvalItem) -> Labelled:
    return Labelled(item.key, item.category, item.difficulty, item.references or [item.prompt])


def pairs_text(system: System, items: list[EvalItem], predicted: Mapping[str, Prediction]) -> str:
    texts = dict(system.outputs.filter(item__in=items).values_list("item_id", "text"))
    lines = (
        json.dumps(
            {
                "id": item.key,
                "hypothesis": texts[item.pk],
                "references": item.references,
                "language": item.language,
                "data": predicted.get(item.key, {}),
            },
            ensure_ascii=False,
        )
        for item in items
    )
    return "\n".join(lines) + "\n"


@transaction.atomic
def save_scores(evaluation: Evaluation, systems: list[System], language: str, result: Mapping[str, Any]) -> None:
    """Put a language's scores in the place of older ones. A score that comes out the same stays the one it was."""
    items = evaluation.evalset.items.filter(language=language)
    ItemScore.objects.filter(output__system__in=systems, output__item__in=items).delete()
    made = []
    for system in systems:
        outputs = dict(Output.objects.filter(system=system, item__in=items).values_list("item__key", "pk"))
        for found in result["systems"][str(system.uuid)]:
            made += _scores(system, language, found, result["parts"][found["metric"]])
            ItemScore.objects.bulk_create(_item_scores(found, outputs), batch_size=BATCH)
    _replace(systems, language, made)
    evaluation.comparisons = {**evaluation.comparisons, language: result["comparisons"]}
    evaluation.parts = {**evaluation.parts, language: result["parts"]}
    evaluation.save(update_fields=["comparisons", "parts"])


def _replace(systems: list[System], language: str, made: list[Score]) -> None:
    there = Score.objects.filter(system__in=systems, language=language, current=True)
    same = {_identity(score): score.pk for score in there}
    fresh = [score for score in made if _identity(score) not in same]
    kept = [same[key] for score in made if (key := _identity(score)) in same]
    there.exclude(pk__in=kept).update(current=False)
    Score.objects.bulk_create(fresh, batch_size=BATCH)


def _identity(score: Score) -> tuple[object, ...]:
    slot = (score.system_id, score.metric, score.language, score.category)
    return (*slot, score.value, score.low, score.high, score.n, score.signature, score.reason)


def _scores(system: System, language: str, found: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]) -> list[Score]:
    details = {name: found[name] for name in ("parts", "reasons", "level", "resamples", "seed")}
    made_by = {"signature": found["signature"], "better": found["better"]}
    whole = Score(
        system=system,
        metric=found["metric"],
        language=language,
        value=found["value"],
        low=found["low"],
        high=found["high"],
        n=found["n"],
        flags=found["flags"],
        reason=found["reason"] or "",
        details=details,
        **made_by,
    )
    shared = {name: details[name] for name in ("level", "resamples", "seed")}
    own = [(part["label"], part["systems"].get(str(system.uuid))) for part in parts if part["by"] == "category"]
    return [
        whole,
        *(
            Score(
                system=system,
                metric=found["metric"],
                language=language,
                category=category,
                details=shared,
                **made_by,
                **part,
            )
            for category, part in own
            if part is not None
        ),
    ]


def _item_scores(found: Mapping[str, Any], outputs: Mapping[str, int]) -> list[ItemScore]:
    return [
        ItemScore(
            output_id=outputs[item["id"]],
            metric=found["metric"],
            value=item["value"],
            reason=(item["reason"] or "")[:200],
            flags=item["flags"],
            statistics=item["statistics"],
        )
        for item in found["items"]
    ]


@transaction.atomic
def finish_scoring(evaluation: Evaluation) -> None:
    """The evaluation is done, and its set's leaderboards follow."""
    try:
        evaluation.transition(Evaluation.Status.DONE, progress={})
    except Conflict:
        return  # cancelled while the last scores came in
    decide(evaluation=evaluation)
    jobs.correlate(evaluation)
    evalset_changed(evaluation.evalset_id)


def evalset_changed(evalset: int) -> None:
    """Outputs or scores on this set changed: its leaderboards are built anew."""
    for leaderboard in Leaderboard.objects.filter(on_evalset(EvalSet.objects.get(pk=evalset))):
        jobs.build_snapshot(leaderboard)


def _give_up(evaluation: Evaluation, outcome: Outcome, run_dir: Path) -> None:
    if outcome.ending == "lease_lost" or not _still_scoring(evaluation):
        return
    why = outcome.message or f"{outcome.ending}: {log_tail(run_dir, 5)}"
    evaluation.transition(Evaluation.Status.FAILED, error=_("Scoring failed: %(why)s") % {"why": why})


def _still_scoring(evaluation: Evaluation) -> bool:
    return Evaluation.objects.filter(pk=evaluation.pk, status=Evaluation.Status.SCORING).exists()
