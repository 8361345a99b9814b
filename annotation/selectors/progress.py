"""How far a project is, and who has done what."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, FloatField, Max, Q
from django.db.models.aggregates import Aggregate
from django.utils import timezone

from annotation.models import Membership, Project, Response, Slot
from annotation.services.standing import Standing, standing_of

RECENT = timedelta(days=7)
State = Response.State


class Median(Aggregate):
    function = "percentile_cont"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


@dataclass(frozen=True)
class Progress:
    """Counts of places on items: an item with an overlap of 3 has three."""

    done: int
    held: int
    total: int
    waiting: int
    accepted: int
    per_day: float
    ends_at: datetime | None

    @property
    def left(self) -> int:
        return self.total - self.done


def progress(project: Project) -> Progress:
    slots = Slot.objects.filter(pool=project, lane="work").exclude(state=Slot.State.CLOSED)
    counts = Counter(dict(slots.values_list("state").annotate(n=Count("id"))))
    total = sum(counts.values())
    states = Counter(dict(Response.objects.filter(project=project).values_list("state").annotate(n=Count("id"))))
    done = counts[Slot.State.DONE]
    per_day = _per_day(project)
    return Progress(
        done=done,
        held=counts[Slot.State.HELD],
        total=total,
        waiting=states[State.WAITING],
        accepted=states[State.ACCEPTED] + states[State.PASSED],
        per_day=per_day,
        ends_at=timezone.now() + timedelta(days=(total - done) / per_day) if per_day and total > done else None,
    )


def _per_day(project: Project) -> float:
    """Over the last week, or since the first response if that is later."""
    now = timezone.now()
    work = Response.objects.filter(project=project, assignment__isnull=False, item__lane="work")
    recent = work.filter(created_at__gt=now - RECENT)
    count = recent.count()
    if not count:
        return 0.0
    first = recent.order_by("id").values_list("created_at", flat=True)[0]
    days = max((now - first).total_seconds() / 86400, 1 / 24)
    return count / days


@dataclass(frozen=True)
class PersonRow:
    member: Membership
    standing: Standing
    submitted: int
    accepted: int
    rejected: int
    fixed: int
    median_seconds: float | None
    last_at: datetime | None

    @property
    def judged(self) -> int:
        return self.accepted + self.rejected + self.fixed

    @property
    def acceptance(self) -> float | None:
        return self.accepted / self.judged if self.judged else None

    def figures(self) -> dict[str, Any]:
        """As programs read it; what is not known is None."""
        standing, user = self.standing, self.member.user
        interval = standing.interval if standing.answered else None
        return {
            "id": self.member.uuid,
            "person": user.username,
            "scripted": user.scripted,
            "submitted": self.submitted,
            "median_seconds": self.median_seconds,
            "last_at": self.last_at,
            "gold_answered": standing.answered,
            "gold_accuracy": standing.accuracy,
            "gold_low": interval and interval.low,
            "gold_high": interval and interval.high,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "fixed": self.fixed,
            "acceptance": self.acceptance,
            "paused": self.member.paused_at is not None,
        }


def people(project: Project) -> list[PersonRow]:
    """Annotators with what they did; hidden gold is in their accuracy, not in their counts."""
    work = Q(item__lane="work")
    rows = (
        Response.objects.filter(project=project, assignment__isnull=False)
        .values("author")
        .annotate(
            n=Count("id", filter=work),
            accepted=Count("id", filter=Q(state=State.ACCEPTED, reviews__isnull=False), distinct=True),
            rejected=Count("id", filter=Q(state=State.REJECTED)),
            fixed=Count("id", filter=Q(state=State.FIXED)),
            seconds=Median("lead_time"),
            last=Max("created_at"),
        )
    )
    by_author: dict[int, Any] = {row["author"]: row for row in rows}
    members = project.members.filter(role=Membership.Role.ANNOTATOR).select_related("user").order_by("user__username")
    return [_person(member, by_author.get(member.user_id, {})) for member in members]


def _person(member: Membership, row: dict[str, Any]) -> PersonRow:
    return PersonRow(
        member=member,
        standing=standing_of(member),
        submitted=row.get("n", 0),
        accepted=row.get("accepted", 0),
        rejected=row.get("rejected", 0),
        fixed=row.get("fixed", 0),
        median_seconds=row.get("seconds"),
        last_at=row.get("last"),
    )
