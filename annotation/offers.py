"""What this app puts into the side bar and on the home page; see sftlab/web/navigation.py."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _

from annotation.access import ANNOTATOR, MANAGER, REVIEWER, projects_of
from annotation.models import DatasetVersion, Membership, Response, Slot
from sftlab.accounts.models import User
from sftlab.web.navigation import Card, Entry, Offer, Stage


def offer(user: User) -> Offer:
    memberships = list(Membership.objects.select_related("project").filter(user=user, project__state="open"))
    roles = {member.role for member in memberships}
    work = []
    if ANNOTATOR in roles:
        work.append(Entry(_("Annotate"), reverse("annotation:annotate-list"), "pen"))
    if roles & {REVIEWER, MANAGER}:
        work.append(Entry(_("Review"), reverse("annotation:review-list"), "check"))
    manages = user.is_admin or MANAGER in roles
    manage = [Entry(_("Data"), reverse("annotation:projects"), "data")] if manages else []
    return Offer(
        work=work,
        manage=manage,
        cards=lambda: list(_cards(memberships)),
        stages=lambda: _stages(user) if manages else [],
    )


def _cards(memberships: list[Membership]) -> Iterable[Card]:
    judged = set()
    for member in memberships:
        if member.role == ANNOTATOR:
            yield _annotate_card(member)
        elif member.project_id not in judged:
            judged.add(member.project_id)
            yield from _review_card(member)


def _annotate_card(member: Membership) -> Card:
    left = Slot.objects.filter(pool=member.project, lane="work", state=Slot.State.FREE).exists()
    return Card(
        title=member.project.name,
        text=_("Paused") if member.paused_at else (_("Items are waiting.") if left else _("Nothing is left for now.")),
        url=reverse("annotation:annotate", args=[member.project.uuid]),
        action=_("Annotate"),
        icon="pen",
    )


def _review_card(member: Membership) -> Iterable[Card]:
    waiting = Response.objects.filter(project=member.project, state=Response.State.WAITING).count()
    if waiting:
        yield Card(
            title=member.project.name,
            text=_("%(n)d responses wait for review.") % {"n": waiting},
            url=reverse("annotation:review", args=[member.project.uuid]),
            action=_("Review"),
            icon="check",
        )


def _stages(user: User) -> list[Stage]:
    projects = projects_of(user)
    waiting = Response.objects.filter(project__in=projects, state=Response.State.WAITING).count()
    versions = DatasetVersion.objects.filter(project__in=projects).order_by("-pk")
    newest = versions.first()
    data = reverse("annotation:projects")
    return [
        Stage(
            place=1,
            title=_("Data"),
            url=data,
            icon="data",
            count=projects.count(),
            state=_("%(n)d responses wait for review.") % {"n": waiting} if waiting else _("Nothing waits for review."),
            hint=_("Set up a project and import instructions."),
        ),
        Stage(
            place=2,
            title=_("Dataset versions"),
            url=reverse("annotation:version", args=[newest.uuid]) if newest else data,
            icon="book",
            count=versions.count(),
            state=_("%(name)s: %(n)d rows") % {"name": newest.name, "n": newest.rows} if newest else "",
            hint=_("Freeze what was accepted in a project."),
        ),
    ]
