"""Gates of runs: base and tuned model answer a general set, and the run passes if not too much was lost."""

from collections.abc import Mapping
from dataclasses import asdict
from math import isfinite
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from evaluation.forgetting import judge, overall
from evaluation.metrics.registry import METRICS
from evaluation.models import EvalSet, Evaluation, ForgettingGate, System
from evaluation.services.evaluations import create_evaluation, read_decoding
from sftlab.accounts.models import User
from sftlab.audit.services import record
from sftlab.errors import BadInput, Conflict, FieldError
from training.models import LanguageModel, Run


@transaction.atomic
def set_gate(
    *,
    actor: User,
    run: Run,
    evalset: UUID,
    margins: Mapping[str, float],
    decoding: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> ForgettingGate:
    """By metric how much worse than its base the run's model may be. It is evaluated once the run is finished.

    Set again before that, it takes the place of what was set. Raises BadInput with every fault, and Conflict once the
    evaluation has begun: a margin must not be chosen by the result.
    """
    faults = _margin_faults(margins)
    found = EvalSet.objects.filter(uuid=evalset).first()
    if found is None:
        faults.append({"field": "evalset", "reason": _("There is no such evaluation set.")})
    settings = read_decoding(decoding or {}, faults)
    if faults or found is None:
        raise BadInput(_("This gate can't be set."), errors=faults)
    Run.objects.select_for_update().get(pk=run.pk)
    gate = ForgettingGate.objects.filter(run=run, evalset=found).first()
    if gate is not None and gate.status != ForgettingGate.Status.WAITING:
        raise Conflict(_("This gate is being evaluated or has been: it can't be changed any more."), code="evaluated")
    if gate is None:
        gate = ForgettingGate(run=run, evalset=found, created_by=actor)
    gate.margins, gate.decoding, gate.seed = dict(margins), settings, seed
    gate.save()
    record(actor=actor, verb="forgetting.set", obj=gate, data={"run": str(run.uuid), "margins": gate.margins})
    evaluate_gates(run=run)
    return gate


def _margin_faults(margins: Mapping[str, float]) -> list[FieldError]:
    faults: list[FieldError] = []
    if not margins:
        faults.append({"field": "margins", "reason": _("Name at least one metric.")})
    for name, margin in margins.items():
        if name not in METRICS or METRICS[name].better == "neither":
            faults.append({"field": f"margins.{name}", "reason": _("There is no metric of this name to judge by.")})
        elif not isfinite(margin) or margin < 0:
            faults.append({"field": f"margins.{name}", "reason": _("must be 0 or more")})
    return faults


@transaction.atomic
def evaluate_gates(*, run: Run) -> None:
    """Start what waits for a finished run; called again, it starts nothing twice."""
    model = LanguageModel.objects.filter(run=run).first()
    if model is None:
        return
    waiting = ForgettingGate.objects.filter(run=run, status=ForgettingGate.Status.WAITING)
    for gate in waiting.select_for_update(of=("self",)).select_related("evalset", "created_by", "run__base_model"):
        evaluation = create_evaluation(
            actor=gate.created_by,
            evalset=gate.evalset.uuid,
            models=[gate.run.base_model.uuid, model.uuid],
            metrics=list(gate.margins),
            decoding=gate.decoding,
            seed=gate.seed,
            name=_("Forgetting: %(run)s") % {"run": gate.run.name[:100]},
        )
        gate.transition(ForgettingGate.Status.EVALUATING, evaluation=evaluation)


@transaction.atomic
def decide(*, evaluation: Evaluation) -> None:
    """The verdict on the run for which this evaluation was made, if it was made for one."""
    gate = ForgettingGate.objects.filter(evaluation=evaluation).select_related("run").first()
    if gate is None:
        return
    base, tuned = (str(uuid) for uuid in _systems(gate, evaluation))
    findings = [
        judge(
            _comparison(evaluation, language, metric, base, tuned),
            metric=metric,
            language=language,
            margin=margin,
            lower_is_better=METRICS[metric].better == "lower",
        )
        for language in sorted(set(gate.evalset.items.values_list("language", flat=True)))
        for metric, margin in gate.margins.items()
    ]
    verdict = overall([one.verdict for one in findings])
    gate.transition(verdict, result=[asdict(one) for one in findings])
    problem = _("It did not pass its run's gate against forgetting.") if _has_failed(gate.run) else ""
    LanguageModel.objects.filter(run=gate.run).update(problem=problem)
    record(actor=None, verb=f"forgetting.{verdict}", obj=gate, data={"run": str(gate.run.uuid)})


def _systems(gate: ForgettingGate, evaluation: Evaluation) -> tuple[UUID, UUID]:
    by_model = dict(System.objects.filter(evaluation=evaluation).values_list("model_id", "uuid"))
    base = by_model.pop(gate.run.base_model_id)
    (tuned,) = by_model.values()
    return base, tuned


def _comparison(evaluation: Evaluation, language: str, metric: str, base: str, tuned: str) -> Mapping[str, Any] | None:
    found = evaluation.comparisons.get(language, {}).get(metric, [])
    return next((one for one in found if (one["a"], one["b"]) == (base, tuned)), None)


def _has_failed(run: Run) -> bool:
    return ForgettingGate.objects.filter(run=run, status=ForgettingGate.Status.FAILED).exists()
