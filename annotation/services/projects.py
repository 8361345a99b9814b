from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from annotation.access import ANNOTATOR, may_create
from annotation.dimensions import DIMENSIONS
from annotation.models import Guideline, Membership, Project
from annotation.services.slots import ensure_gold_slots
from sftlab import jsonb
from sftlab.accounts.models import User
from sftlab.audit.services import record
from sftlab.errors import BadInput, Conflict, FieldError, Missing, NotPermitted

SETTINGS = (
    "name", "kind", "language", "overlap", "lease_minutes", "dimensions", "seed", "gold_rate", "bar", "bar_window",
    "put_back_on_pause", "training_items", "pass_mark", "training_tries", "review_rate", "state",
)  # fmt: skip
FIXED = ("kind", "overlap", "dimensions", "seed")
"""Slots and responses are made by these: they stay as they were."""


@transaction.atomic
def create_project(*, actor: User, guidelines: str = "", **settings: Any) -> Project:
    """Raises BadInput with all faults of the settings."""
    check_may_create(actor)
    project = Project(created_by=actor, **_known(settings))
    _save(project)
    if guidelines:
        set_guidelines(actor=actor, project=project, text=guidelines)
    record(actor=actor, verb="project.create", obj=project, data=settings)
    return project


def check_may_create(actor: User) -> None:
    if not may_create(actor):
        raise NotPermitted(_("Only admins and managers create projects."))


@transaction.atomic
def change_project(*, actor: User, project: Project, **settings: Any) -> Project:
    changed = {name: value for name, value in _known(settings).items() if getattr(project, name) != value}
    faults: list[FieldError] = [
        {"field": name, "reason": _("can't be changed after creation")} for name in changed if name in FIXED
    ]
    if faults:
        raise BadInput(_("The settings have faults."), errors=faults)
    for name, value in changed.items():
        setattr(project, name, value)
    _save(project)
    record(actor=actor, verb="project.change", obj=project, data=changed)
    return project


def _known(settings: dict[str, Any]) -> dict[str, Any]:
    unknown: list[FieldError] = [{"field": n, "reason": _("is not known")} for n in settings if n not in SETTINGS]
    if unknown:
        raise BadInput(_("The settings have faults."), errors=unknown)
    return settings


def _save(project: Project) -> None:
    faults: list[FieldError] = []
    try:
        project.full_clean(exclude=["created_by"])
    except ValidationError as error:
        faults = [{"field": name, "reason": "; ".join(texts)} for name, texts in error.message_dict.items()]
    if project.dimensions and not set(project.dimensions) <= set(DIMENSIONS):
        faults.append(
            {"field": "dimensions", "reason": _("must be among %(names)s") % {"names": ", ".join(DIMENSIONS)}}
        )
    if faults:
        raise BadInput(_("The settings have faults."), errors=faults)
    project.save()


@transaction.atomic
def add_member(
    *, actor: User, project: Project, username: str, role: str, skills: Sequence[str] | None = None
) -> Membership:
    """One role more for a person; said again, it changes their skills only."""
    if role not in Membership.Role.values:
        raise _fault("role", _("must be one of %(names)s") % {"names": ", ".join(Membership.Role.values)})
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise _fault("username", _("Nobody has this name."))
    member, created = Membership.objects.get_or_create(project=project, user=user, role=role)
    if skills is not None:
        member.skills = sorted(set(skills))
        member.save(update_fields=["skills"])
    if role == ANNOTATOR and (created or skills):
        ensure_gold_slots(project)
    data = {"username": username, "role": role, "skills": member.skills}
    record(actor=actor, verb="project.member", obj=project, data=data)
    return member


@transaction.atomic
def remove_member(*, actor: User, project: Project, member: Membership) -> None:
    """Their work stays; open leases end by themselves."""
    record(actor=actor, verb="project.unmember", obj=project, data={"user": str(member.user.uuid), "role": member.role})
    member.delete()


def member_of(*, project: Project, uuid: Any) -> Membership:
    found = Membership.objects.select_related("user").filter(project=project, uuid=uuid).first()
    if found is None:
        raise Missing(_("There is no such member."))
    return found


@transaction.atomic
def set_guidelines(*, actor: User, project: Project, text: str) -> Guideline:
    """A new version; earlier ones stay, since responses name the one their author had read."""
    jsonb.check(text, "text")
    if not text.strip():
        raise _fault("text", _("is empty"))
    locked = Project.objects.select_for_update().get(pk=project.pk)
    try:
        made = Guideline.objects.create(
            project=project, number=locked.guideline + 1, text=text.replace("\r\n", "\n"), created_by=actor
        )
    except IntegrityError as error:
        raise Conflict(_("Somebody else changed the guidelines just now. Look at theirs first.")) from error
    project.guideline = made.number
    project.save(update_fields=["guideline"])
    record(actor=actor, verb="project.guidelines", obj=project, data={"number": made.number})
    return made


def _fault(field: str, reason: str) -> BadInput:
    return BadInput(_("The request has faults."), errors=[{"field": field, "reason": reason}])
