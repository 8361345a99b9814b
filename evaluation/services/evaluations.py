from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from evaluation import jobs
from evaluation.metric_settings import metric_settings
from evaluation.models import EvalSet, Evaluation, System
from sftlab.accounts.models import User
from sftlab.audit.services import record
from sftlab.errors import BadInput, FieldError
from training.models import LanguageModel
from training.trainer.dataclass_reader import read
from training.trainer.errors import Fault
from training.trainer.spec import Decoding


@transaction.atomic
def create_evaluation(
    *,
    actor: User,
    evalset: UUID,
    models: Sequence[UUID],
    metrics: Sequence[str],
    decoding: Mapping[str, Any] | None = None,
    seed: int = 0,
    name: str = "",
    uploaded: Sequence[UUID] = (),
) -> Evaluation:
    """Queue a job per model with weights here or an endpoint; the others, and those in `uploaded`, wait for outputs.

    Raises BadInput with every fault.
    """
    faults: list[FieldError] = []
    found_set = EvalSet.objects.filter(uuid=evalset).first()
    if found_set is None:
        faults.append({"field": "evalset", "reason": _("There is no such evaluation set.")})
    found = _models(models, faults)
    _known_metrics(metrics, faults)
    settings = read_decoding(decoding or {}, faults)
    if faults or found_set is None:
        raise BadInput(_("This evaluation can't be started."), errors=faults)
    evaluation = Evaluation.objects.create(
        name=name,
        evalset=found_set,
        metrics=list(dict.fromkeys(metrics)),
        decoding=settings,
        seed=seed,
        created_by=actor,
        status=Evaluation.Status.QUEUED,
    )
    for model in found:
        _add_system(evaluation, model, source_of(model, uploaded=model.uuid in uploaded))
    record(actor=actor, verb="evaluation.create", obj=evaluation, data={"models": [str(m.uuid) for m in found]})
    return evaluation


def source_of(model: LanguageModel, *, uploaded: bool = False) -> System.Source:
    if uploaded:
        return System.Source.UPLOADED
    if model.path:
        return System.Source.GENERATED
    return System.Source.FETCHED if hasattr(model, "endpoint") else System.Source.UPLOADED


def _add_system(evaluation: Evaluation, model: LanguageModel, source: System.Source) -> None:
    waits = source == System.Source.UPLOADED
    status = System.Status.WAITING if waits else System.Status.QUEUED
    system = System.objects.create(evaluation=evaluation, model=model, status=status, source=source)
    if not waits:
        jobs.write_outputs(system)


def _models(models: Sequence[UUID], faults: list[FieldError]) -> list[LanguageModel]:
    if not models:
        faults.append({"field": "models", "reason": _("Name at least one model.")})
    found = {model.uuid: model for model in LanguageModel.objects.filter(uuid__in=models).select_related("endpoint")}
    for place, wanted in enumerate(models):
        if wanted not in found:
            faults.append({"field": f"models[{place}]", "reason": _("There is no such model.")})
    return [found[wanted] for wanted in dict.fromkeys(models) if wanted in found]


def read_decoding(decoding: Mapping[str, Any], faults: list[FieldError]) -> dict[str, Any]:
    """With every default written out."""
    found: list[Fault] = []
    settings = read(Decoding, decoding, "decoding", found)
    faults += [{"field": fault.field, "reason": fault.reason} for fault in found]
    return asdict(settings) if settings is not None else {}


@transaction.atomic
def cancel_evaluation(*, actor: User, evaluation: Evaluation) -> None:
    """What is queued does not start; what runs stops within seconds. Outputs that are there stay."""
    evaluation.transition(Evaluation.Status.CANCELLED)
    for system in evaluation.systems.filter(status__in=[System.Status.QUEUED, System.Status.RUNNING]):
        system.transition(System.Status.CANCELLED)
    record(actor=actor, verb="evaluation.cancel", obj=evaluation)


@transaction.atomic
def resume_evaluation(*, actor: User, evaluation: Evaluation) -> None:
    """Go on after a cancel or a failure; nothing that is there is made again."""
    evaluation.transition(Evaluation.Status.QUEUED, error="")
    for system in evaluation.systems.filter(status__in=[System.Status.CANCELLED, System.Status.FAILED]):
        system.transition(System.Status.QUEUED, error="")
        jobs.write_outputs(system)
    record(actor=actor, verb="evaluation.resume", obj=evaluation)
    settle(evaluation)


def settle(evaluation: Evaluation) -> None:
    """Score once no system is still writing. Called in the transaction that changed a system."""
    evaluation = Evaluation.objects.select_for_update().get(pk=evaluation.pk)
    statuses = list(evaluation.systems.values_list("status", flat=True))
    unfinished = {System.Status.QUEUED, System.Status.RUNNING, System.Status.WAITING}
    if unfinished.intersection(statuses) or evaluation.status not in ("queued", "generating", "done"):
        return
    if System.Status.DONE not in statuses:
        evaluation.transition(Evaluation.Status.FAILED, error=_("No model wrote all its outputs."))
        return
    evaluation.transition(Evaluation.Status.SCORING, progress={})
    jobs.score(evaluation)


@transaction.atomic
def score_again(*, actor: User, evaluation: Evaluation, metrics: Sequence[str] | None = None) -> None:
    """Score what is there anew, with other metrics when given."""
    faults: list[FieldError] = []
    if metrics is not None:
        _known_metrics(metrics, faults)
    if faults:
        raise BadInput(_("This evaluation can't be scored."), errors=faults)
    evaluation.transition(Evaluation.Status.SCORING, progress={}, error="")
    if metrics is not None:
        evaluation.metrics = list(dict.fromkeys(metrics))
        evaluation.save(update_fields=["metrics"])
    record(actor=actor, verb="evaluation.score", obj=evaluation, data={"metrics": evaluation.metrics})
    jobs.score(evaluation)


def _known_metrics(metrics: Sequence[str], faults: list[FieldError]) -> None:
    known = metric_settings().known
    for place, name in enumerate(metrics):
        if name not in known:
            reason = _("There is no such metric. Known: %(known)s") % {"known": ", ".join(known)}
            faults.append({"field": f"metrics[{place}]", "reason": reason})
