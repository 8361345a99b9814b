"""Items whose several responses wait for somebody to keep one of them."""

from django.db.models import Count, Exists, OuterRef, QuerySet

from annotation.models import Item, Project, Response, Slot
from sftlab.accounts.models import User

State = Response.State
OPEN = (State.WAITING, State.PASSED, State.ACCEPTED)


def to_adjudicate(project: Project, user: User) -> QuerySet[Item]:
    """Answered by all whom it needs, two open responses or more, none of them this person's, and not decided yet."""
    if project.overlap < 2:
        return Item.objects.none()
    of_item = Response.objects.filter(item=OuterRef("item"))
    several = (
        Response.objects.filter(project=project, state__in=OPEN)
        .exclude(Exists(of_item.filter(state=State.OUTVOTED)))
        .exclude(Exists(of_item.filter(author=user)))
        .values("item")
        .annotate(answers=Count("id"))
        .filter(answers__gt=1)
        .values("item")
    )
    unfinished = Slot.objects.filter(item=OuterRef("pk"), state__in=[Slot.State.FREE, Slot.State.HELD])
    found = Item.objects.filter(pk__in=several, lane=Item.Lane.WORK, excluded_at=None)
    return found.exclude(Exists(unfinished)).order_by("pk")


def open_responses(item: Item) -> QuerySet[Response]:
    """In an order that tells nothing of who was first."""
    return Response.objects.filter(item=item, state__in=OPEN).order_by("uuid")
