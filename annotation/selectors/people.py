"""What a person's page tells beside their figures."""

from collections import Counter
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from annotation.models import Assignment, Membership, Project, Review
from sftlab.accounts.models import User
from sftlab.audit.models import Event

State = Assignment.State

EVENTS = {
    "member.pause": _("paused"),
    "member.lift": _("pause lifted"),
    "member.qualify": _("qualified"),
    "member.try": _("failed a try at the training items"),
}
MOST_EVENTS = 50


def history(member: Membership) -> list[dict[str, Any]]:
    """Pauses, lifts and tries from the log, the newest first."""
    told = Event.objects.filter(kind="annotation.membership", object_id=str(member.uuid), verb__in=EVENTS)
    return [
        {"at": event.at, "what": EVENTS[event.verb], "by": event.actor, "reason": event.data.get("reason", "")}
        for event in told.select_related("actor").order_by("-id")[:MOST_EVENTS]
    ]


def left_by(project: Project, user: User) -> list[tuple[str, int]]:
    """What became of leases that were not submitted, and how many of each."""
    left = Assignment.objects.filter(pool=project, person=user).exclude(state__in=[State.LIVE, State.SUBMITTED])
    counts = Counter(dict(left.values_list("state").annotate(n=Count("id"))))
    return [(str(State(state).label), n) for state, n in counts.most_common()]


def reviews_by(project: Project, user: User) -> list[tuple[str, int]]:
    """The verdicts that they gave as a reviewer."""
    given = Review.objects.filter(response__project=project, reviewer=user)
    counts = Counter(dict(given.values_list("verdict").annotate(n=Count("id"))))
    return [(str(Review.Verdict(verdict).label), n) for verdict, n in counts.most_common()]
