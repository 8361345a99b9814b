import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from evaluation.leaderboards.definition import Definition, read_definition
from evaluation.leaderboards.inputs import Inputs
from evaluation.leaderboards.rows import Entry, Scored, on_set
from evaluation.lineage.standing import standing_id
from evaluation.models import Delivery, EvalSet, Leaderboard, Score, Snapshot, SnapshotSlice, Study, System, Webhook
from evaluation.selectors.evaluations import finished_systems
from evaluation.selectors.impact import withdrawn_behind
from evaluation.selectors.votes import study_part
from sftlab.accounts.models import User
from sftlab.errors import BadInput, Missing

Reader = User | AnonymousUser


def readable(reader: Reader) -> QuerySet[Leaderboard]:
    """What this person may know exists."""
    found = Leaderboard.objects.select_related("evalset", "current", "created_by")
    if not isinstance(reader, User):
        return found.filter(visibility=Leaderboard.Visibility.PUBLIC)
    if reader.is_admin:
        return found
    mine = Q(members=reader) | Q(created_by=reader)
    return found.filter(mine | ~Q(visibility=Leaderboard.Visibility.MEMBERS)).distinct()


def on_evalset(evalset: EvalSet) -> Q:
    """Leaderboards that show scores on this set, as their own or as a further one."""
    return Q(evalset=evalset) | Q(definition__evalsets__contains=[str(evalset.uuid)])


def get_leaderboard(slug: str, reader: Reader) -> Leaderboard:
    found = readable(reader).filter(slug=slug).first()
    if found is None:
        raise Missing(_("There is no such leaderboard."))
    return found


def snapshot_at(leaderboard: Leaderboard, *, number: int | None = None, as_of: datetime | None = None) -> Snapshot:
    """The newest one, that number, or what was shown at a moment."""
    found = Snapshot.objects.filter(leaderboard=leaderboard)
    if number is not None:
        found = found.filter(number=number)
    if as_of is not None:
        found = found.filter(created_at__lte=as_of)
    snapshot = found.first()
    if snapshot is None:
        raise Missing(_("This leaderboard has no such snapshot."))
    return snapshot


def slice_of(snapshot: Snapshot, language: str, category: str) -> SnapshotSlice:
    found = SnapshotSlice.objects.filter(snapshot=snapshot, language=language, category=category).first()
    if found is None:
        raise no_such_slice(snapshot.definition)
    return found


def no_such_slice(raw: dict[str, Any]) -> BadInput:
    """It names the slices that there are."""
    definition = read_definition(raw)
    languages, categories = ", ".join(definition.languages) or "–", ", ".join(definition.categories) or "–"
    return BadInput(
        _("This leaderboard has no such slice."),
        code="unknown_slice",
        errors=[
            {"field": "language", "reason": _("one of: %(names)s") % {"names": languages}},
            {"field": "category", "reason": _("one of: %(names)s") % {"names": categories}},
        ],
    )


def webhooks_of(leaderboard: Leaderboard) -> list[tuple[Webhook, Delivery | None]]:
    """Each with its newest message."""
    found = leaderboard.webhooks.filter(active=True).order_by("pk")
    newest = Delivery.objects.filter(webhook__in=found).order_by("webhook", "-pk").distinct("webhook")
    last = {delivery.webhook_id: delivery for delivery in newest.select_related("snapshot")}
    return [(webhook, last.get(webhook.pk)) for webhook in found]


def inputs_of(leaderboard: Leaderboard) -> Inputs:
    """All that a snapshot is made from, read in the caller's transaction."""
    definition = read_definition(leaderboard.definition)
    systems = _systems(leaderboard)
    if definition.models:
        systems = [system for system in systems if str(system.model.uuid) in definition.models]
    study = study_part(leaderboard.study, definition) if leaderboard.study else None
    further = _further(definition, systems)
    withdrawn = withdrawn_behind(system.model for system in systems)
    scripted = bool(study and study.about["scripted_votes"])
    return Inputs(
        evalset=_about(leaderboard.evalset),
        entries=[
            _entry(system, leaderboard.study, scripted=scripted, withdrawn=withdrawn.get(system.model_id, 0))
            for system in systems
        ],
        origins=[_origin(system, withdrawn.get(system.model_id, 0)) for system in systems],
        further=[
            {
                "evalset": _about(evalset),
                "systems": [_origin(system, withdrawn.get(system.model_id, 0)) for system in others],
            }
            for evalset, others in further
        ],
        scores=_scores({"": systems, **{evalset.name: others for evalset, others in further}}, definition),
        study=study,
        definition=definition,
    )


def _about(evalset: EvalSet) -> dict[str, Any]:
    return {
        "id": str(evalset.uuid),
        "name": evalset.name,
        "version": evalset.version,
        "sha256": evalset.sha256,
    }


def _further(definition: Definition, systems: Iterable[System]) -> list[tuple[EvalSet, list[System]]]:
    """The same models on the definition's further evaluation sets, as far as they were run there."""
    models = [system.model for system in systems]
    sets = EvalSet.objects.filter(uuid__in=definition.evalsets).order_by("name")
    return [(evalset, list(finished_systems(evalset, models).values())) for evalset in sets]


def _systems(leaderboard: Leaderboard) -> list[System]:
    """The newest outputs of each model; those that people rated where a study did, so that a row is about one text."""
    found = finished_systems(leaderboard.evalset)
    if leaderboard.study is not None:
        rated = System.objects.filter(pk__in=leaderboard.study.systems.values("system"))
        found |= {system.model_id: system for system in rated.select_related("model__base", "model__run", "evaluation")}
    return sorted(found.values(), key=lambda system: system.pk)


def _entry(system: System, study: Study | None, *, scripted: bool, withdrawn: int) -> Entry:
    model = system.model
    rated = study is not None and study.systems.filter(system=system).exists()
    facts = {
        "base": model.base.name if model.base else None,
        "cost": {
            "parameters": model.parameters,
            "tokens": system.tokens,
            "seconds": system.seconds,
            "tokens_per_s": system.tokens_per_s,
        },
        "system": str(system.uuid),
        "standing": standing_id(study.uuid, system.uuid) if study and rated else None,
        "evaluation": str(system.evaluation.uuid),
        "evaluated_at": system.moved_at.isoformat(),
        "scripted": scripted,
        "flags": ["withdrawn"] if withdrawn else [],
    }
    return Entry(str(model.uuid), model.name, facts)


def _origin(system: System, withdrawn: int) -> dict[str, Any]:
    run = system.model.run
    learnt = run.datasets.select_related("version") if run else []
    return {
        "model": str(system.model.uuid),
        "name": system.model.name,
        "model_sha256": system.model.sha256,
        "adapter_sha256": system.model.adapter_sha256,
        "system": str(system.uuid),
        "evaluation": str(system.evaluation.uuid),
        "outputs_sha256": outputs_digest(system),
        "decoding": system.evaluation.decoding,
        "seed": system.evaluation.seed,
        "run": str(run.uuid) if run else None,
        "code_version": run.code_version if run else None,
        "datasets": [{"version": str(one.version.uuid), "sha256": one.sha256} for one in learnt],
        "withdrawn": withdrawn,
    }


def outputs_digest(system: System) -> str:
    sha = hashlib.sha256()
    for key, text in system.outputs.order_by("item__position").values_list("item__key", "text"):
        sha.update(f"{len(key)}:{key}{len(text)}:{text}".encode())
    return sha.hexdigest()


def _scores(systems: Mapping[str, Iterable[System]], definition: Definition) -> dict[tuple[str, str], list[Scored]]:
    """`systems` by the further evaluation set's name; the leaderboard's own has none."""
    slices: dict[tuple[str, str], list[Scored]] = {}
    for evalset, those in systems.items():
        found = Score.objects.filter(system__in=list(those), current=True).select_related("system__model")
        if definition.metrics:
            found = found.filter(metric__in=definition.metrics)
        for score in found.order_by("metric", "language", "system_id"):
            scored = _scored(score, evalset)
            for language in {"", score.language}:
                slices.setdefault((language, score.category), []).append(scored)
    return slices


def _scored(score: Score, evalset: str) -> Scored:
    return Scored(
        model=str(score.system.model.uuid),
        metric=on_set(score.metric, evalset) if evalset else score.metric,
        language=score.language,
        value=score.value,
        low=score.low,
        high=score.high,
        n=score.n,
        better=score.better,
        signature=score.signature,
        score=str(score.uuid),
        flags=score.flags,
        reason=score.reason,
    )
