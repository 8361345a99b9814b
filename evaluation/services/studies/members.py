"""Who takes part in a study, and who may not because they have seen too much."""

from collections.abc import Collection, Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from evaluation.models import EvalSet, System
from evaluation.models.studies import Rating, Study, StudyMember, Unblinding, Vote
from evaluation.services.studies.checks import start_qualifying
from sftlab import jsonb
from sftlab.accounts.models import User
from sftlab.audit.selectors import events_of
from sftlab.audit.services import record
from sftlab.errors import BadInput, Conflict, NotPermitted
from sftlab.work import leases
from training.models import LanguageModel

Role = StudyMember.Role
EXCLUDE = "study.exclude"


def check_may_manage(*, user: User, study: Study) -> None:
    if not (user.is_admin or study.members.filter(user=user, role=Role.MANAGER).exists()):
        raise NotPermitted(_("Only administrators and this study's managers may do this."))


@transaction.atomic
def add_member(*, actor: User, study: Study, username: str, role: str) -> StudyMember:
    """Said again, it changes nothing. Raises Conflict for a rater who has seen these answers by system."""
    check_may_manage(user=actor, study=study)
    jsonb.check(username, "username")
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None or role not in Role.values:
        fault = ("username", _("There is no such person.")) if user is None else ("role", _("rater or manager"))
        raise BadInput(_("This person can't be added."), errors=[{"field": fault[0], "reason": fault[1]}])
    there = study.members.filter(user=user).first()
    if there is not None:
        return _same_role(there, role)
    if role == Role.RATER and has_seen(user=user, study=study):
        raise Conflict(
            _("%(name)s has seen these answers under their systems' names and can't rate them blind.")
            % {"name": user.username},
            code="exposed",
        )
    member = _enter(study, user, role)
    if role == Role.RATER:
        start_qualifying(study=study, member=member)
    record(actor=actor, verb="study.member", obj=study, data={"username": user.username, "role": role})
    return member


def _same_role(member: StudyMember, role: str) -> StudyMember:
    if member.role != role:
        raise Conflict(_("This person has another part in the study already."), code="other_role")
    return member


def _enter(study: Study, user: User, role: str) -> StudyMember:
    for _attempt in range(8):
        try:
            with transaction.atomic():
                return StudyMember.objects.create(
                    study=study, user=user, role=role, alias=get_random_string(6, "23456789ABCDEFGHJKLMNPQRSTUVWXYZ")
                )
        except IntegrityError:
            continue
    raise Conflict(_("This person can't be added just now. Try again."))


def has_seen(*, user: User, study: Study) -> bool:
    models = study.systems.values("system__model_id")
    return Unblinding.objects.filter(user=user, evalset_id=study.evalset_id, model__in=models).exists()


@transaction.atomic
def saw_by_system(*, user: User, evalset: EvalSet, models: Iterable[LanguageModel]) -> None:
    """Call where a page or an answer shows outputs under their models' names. Logged once for each person and model;
    from then on they get no more of these answers to rate blind."""
    seen = {model.pk: model for model in models}
    known = Unblinding.objects.filter(user=user, evalset=evalset, model__in=seen.values())
    fresh = [model for pk, model in seen.items() if pk not in set(known.values_list("model_id", flat=True))]
    if not fresh:
        return
    Unblinding.objects.bulk_create(
        [Unblinding(user=user, evalset=evalset, model=model) for model in fresh], ignore_conflicts=True
    )
    record(actor=user, verb="outputs.unblind", obj=evalset, data={"models": [str(model.uuid) for model in fresh]})
    _stop_rating(user, evalset, fresh)


def saw_outputs(*, user: User, outputs: Collection[str]) -> None:
    """Single outputs under their models' names, by their public ids."""
    if not outputs:
        return
    shown = System.objects.filter(outputs__uuid__in=outputs).select_related("model", "evaluation__evalset").distinct()
    by_set: dict[EvalSet, list[LanguageModel]] = {}
    for system in shown:
        by_set.setdefault(system.evaluation.evalset, []).append(system.model)
    for evalset, models in by_set.items():
        saw_by_system(user=user, evalset=evalset, models=models)


def _stop_rating(user: User, evalset: EvalSet, models: list[LanguageModel]) -> None:
    touched = Study.objects.filter(
        evalset=evalset, status=Study.Status.OPEN, systems__system__model__in=models, members__user=user
    ).distinct()
    for study in touched:
        leases.release_all(Rating, pool_id=study.pk, person_id=user.pk, reason="unblinded")


def saw_study(*, user: User, study: Study) -> None:
    """The systems of a study by name, with what was voted."""
    systems = System.objects.filter(pk__in=study.systems.values("system_id")).select_related("model")
    saw_by_system(user=user, evalset=study.evalset, models=[one.model for one in systems])


STANDINGS = {
    "resume": (StudyMember.Standing.PAUSED, StudyMember.Standing.ACTIVE),
    "pause": (StudyMember.Standing.ACTIVE, StudyMember.Standing.PAUSED),
    "admit": (StudyMember.Standing.REFUSED, StudyMember.Standing.ACTIVE),
}


@transaction.atomic
def set_standing(*, actor: User, study: Study, member: StudyMember, move: str, reason: str) -> None:
    """Pause, resume, or admit a rater who failed the questions. Raises Conflict when they stand elsewhere."""
    check_may_manage(user=actor, study=study)
    jsonb.check(reason, "reason")
    before, after = STANDINGS[move]
    if not study.members.filter(pk=member.pk, standing=before).update(standing=after):
        raise Conflict(_("This rater's standing is another by now."), code="wrong_status")
    if move == "pause":
        leases.release_all(Rating, pool_id=study.pk, person_id=member.user_id, reason="paused")
    record(
        actor=actor,
        verb="study.standing",
        obj=study,
        data={"rater": member.alias, "standing": after, "reason": reason},
    )


@transaction.atomic
def exclude_rater(*, actor: User, study: Study, member: StudyMember, reason: str) -> None:
    """Their votes stop counting. When, why, and what the numbers were before and after goes into the report."""
    check_may_manage(user=actor, study=study)
    jsonb.check(reason, "reason")
    if not reason.strip():
        raise BadInput(_("Say why."), errors=[{"field": "reason", "reason": _("Say why.")}])
    if not study.is_open:
        raise Conflict(_("The report is frozen: nobody can be excluded any more."), code="closed")
    changed = study.members.filter(pk=member.pk, role=Role.RATER, excluded_at=None).update(
        excluded_at=timezone.now(), excluded_reason=reason.strip()
    )
    if not changed:
        raise Conflict(_("This rater is excluded already."), code="wrong_status")
    Study.objects.filter(pk=study.pk).update(refreshed_for=None)
    leases.release_all(Rating, pool_id=study.pk, person_id=member.user_id, reason="excluded")
    known = {
        "votes_then": Vote.objects.filter(study=study).count(),
        "results_seen": has_seen(user=actor, study=study),
    }
    record(actor=actor, verb=EXCLUDE, obj=study, data={"rater": member.alias, "reason": reason.strip(), **known})


def exclusions(study: Study) -> dict[str, dict[str, Any]]:
    """By alias: who decided it and when, after how many votes, and whether they had seen answers or numbers by system
    before."""
    events = list(events_of(study, verb=EXCLUDE))
    actors = User.objects.filter(pk__in=[event.actor_id for event in events])
    names: dict[int | None, str] = dict(actors.values_list("pk", "username"))
    return {
        event.data["rater"]: {
            "by": names.get(event.actor_id, ""),
            "at": event.at.isoformat(),
            **{name: event.data[name] for name in ("reason", "votes_then", "results_seen")},
        }
        for event in events
    }
