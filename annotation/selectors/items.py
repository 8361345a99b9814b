from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from annotation.access import ANYONE, MANAGERS, access_to
from annotation.models import Comment, ImportJob, Item, Project
from sftlab.accounts.models import User
from sftlab.errors import Missing


def item_for(*, user: User, uuid: UUID, allowed: tuple[str, ...] = ANYONE) -> Item:
    """An annotator may reach the items that they were given, and no others."""
    found = Item.objects.select_related("project").filter(uuid=uuid).first()
    if found is None:
        raise _missing()
    seen_by = access_to(user, found.project, allowed)
    if not seen_by.judges and not found.assignments.filter(person=user).exists():
        raise _missing()
    return found


def _missing() -> Missing:
    return Missing(_("There is no such item."))


def items_of(project: Project, *, asked: str = "", warned: bool = False) -> QuerySet[Item]:
    """The newest first; `asked` is looked for in their conversations, `warned` are those that the import warned of."""
    found = Item.objects.filter(project=project).order_by("-id")
    if warned:
        found = found.exclude(warnings=[])
    return found.filter(messages__icontains=asked) if asked else found


def comments_on(item: Item) -> QuerySet[Comment]:
    return item.comments.select_related("author").order_by("id")


def job_for(*, user: User, uuid: UUID) -> ImportJob:
    found = ImportJob.objects.select_related("project").filter(uuid=uuid).first()
    if found is None:
        raise Missing(_("There is no such job."))
    access_to(user, found.project, MANAGERS)
    return found
