"""What hidden gold says about a person, and what follows from it."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotation.gold import GoldResult
from annotation.models import Assignment, Item, Membership, Project, Response
from annotation.services.slots import close_excluded
from sftlab import prepared
from sftlab.accounts.models import User
from sftlab.audit.services import record
from sftlab.errors import BadInput, Conflict, NotPermitted
from sftlab.stats.intervals import Interval, wilson
from sftlab.work import leases
from sftlab.work.leases import State

FEWEST = 3
"""Gold answers before anybody is paused."""

# One statement for gold and for ordinary work alike, so that the time it takes tells nothing.
_COUNT = """
UPDATE annotation_membership SET
    submitted = submitted + 1,
    submitted_on_day = CASE WHEN day = %(day)s THEN submitted_on_day + 1 ELSE 1 END,
    day = %(day)s,
    recent = CASE WHEN %(passed)s::boolean IS NULL THEN recent
        ELSE (recent || %(passed)s::boolean)[greatest(1, cardinality(recent) + 2 - %(window)s):] END
WHERE project_id = %(project)s AND user_id = %(user)s AND role = 'annotator'
RETURNING id, recent, paused_at, pause_reason
"""


@dataclass(frozen=True)
class Standing:
    member_id: int
    recent: list[bool]
    paused_at: datetime | None = None
    pause_reason: str = ""

    @property
    def passed(self) -> int:
        return sum(self.recent)

    @property
    def answered(self) -> int:
        return len(self.recent)

    @property
    def accuracy(self) -> float | None:
        return self.passed / self.answered if self.recent else None

    @property
    def interval(self) -> Interval:
        return wilson(self.passed, self.answered)


def standing_of(member: Membership) -> Standing:
    return Standing(member.pk, member.recent, member.paused_at, member.pause_reason)


def count_submit(*, project: Project, user: User, item: Item, result: GoldResult | None) -> Standing:
    """Raises NotPermitted for one who is paused or no longer in the project."""
    passed = result.passed if result is not None and item.lane == Item.Lane.GOLD else None
    day: date = timezone.localdate()
    values = {"day": day, "passed": passed, "window": project.bar_window, "project": project.pk, "user": user.pk}
    row = prepared.row(_COUNT, values)
    if row is None:
        raise NotPermitted(_("You are not an annotator of this project any more."))
    found = Standing(*row)
    if found.paused_at is not None:
        raise NotPermitted(found.pause_reason, code="paused")
    return found


def review_rate(project: Project, standing: Standing) -> float:
    """Twice as many are looked at while it is not certain that the person is above the bar."""
    doubtful = project.bar > 0 and standing.answered >= FEWEST and standing.interval.low < project.bar
    return min(1.0, project.review_rate * (2 if doubtful else 1))


def below_bar(project: Project, standing: Standing) -> bool:
    return project.bar > 0 and standing.answered >= FEWEST and standing.interval.high < project.bar


def judge(*, project: Project, member: Standing, item: Item, result: GoldResult | None) -> None:
    """After a scored answer: pause, or end a try at the training items."""
    if result is None:
        return
    if item.lane == Item.Lane.TRAINING:
        _judge_training(project, Membership.objects.select_for_update().get(pk=member.member_id))
    elif below_bar(project, member):
        pause(project=project, standing=member)


def pause(*, project: Project, standing: Standing) -> None:
    """No more work for this person until a manager lifts it; their open leases are freed, drafts kept."""
    member = Membership.objects.select_for_update().get(pk=standing.member_id)
    member.paused_at = timezone.now()
    member.pause_reason = _(
        "Of the last %(n)d check items %(passed)d were right: %(low).0f to %(high).0f%% with 95%% confidence, "
        "below this project's bar of %(bar).0f%%. Your drafts are kept. A manager of the project can lift the pause."
    ) % {
        "n": standing.answered,
        "passed": standing.passed,
        "low": 100 * standing.interval.low,
        "high": 100 * standing.interval.high,
        "bar": 100 * project.bar,
    }
    member.save(update_fields=["paused_at", "pause_reason"])
    leases.release_all(Assignment, pool_id=project.pk, person_id=member.user_id, reason="paused")
    back = _put_back(project, member.user_id) if project.put_back_on_pause else 0
    record(actor=None, verb="member.pause", obj=member, data={"recent": standing.recent, "put_back": back})


def _put_back(project: Project, user_id: int) -> int:
    """Their work since the last gold they passed goes to others; nothing is deleted."""
    mine = Response.objects.filter(project=project, author_id=user_id)
    last_good = mine.filter(item__lane=Item.Lane.GOLD, passed=True).order_by("-id").values_list("id", flat=True).first()
    found = mine.filter(id__gt=last_good or 0, item__lane=Item.Lane.WORK, state__in=Response.MOVES).exclude(
        state__in=[state for state, moves in Response.MOVES.items() if Response.State.SET_ASIDE not in moves]
    )
    return sum(set_aside(response=response) for response in found.order_by("id"))


def set_aside(*, response: Response) -> bool:
    """The response stays readable, out of every later version; its slot goes to somebody else."""
    held = Assignment.objects.select_for_update().filter(response=response).first()
    transition(response, Response.State.SET_ASIDE)
    if held is not None and held.state == State.SUBMITTED:
        leases.end(held, state=State.SET_ASIDE, reason="set aside")
        close_excluded([response.item_id])
    return True


def transition(response: Response, to: str) -> None:
    """A conditional update: raises Conflict when the state has moved on or does not allow it."""
    allowed = [state for state, moves in Response.MOVES.items() if to in moves]
    if not Response.objects.filter(pk=response.pk, state__in=allowed).update(state=to):
        raise Conflict(_("This response is no longer in a state that allows that."))
    response.state = to


def _judge_training(project: Project, member: Membership) -> None:
    done = Response.objects.filter(
        project=project, author_id=member.user_id, item__lane=Item.Lane.TRAINING, assignment__state=State.SUBMITTED
    )
    results = list(done.values_list("passed", flat=True))
    if len(results) < project.training_items:
        return
    if sum(map(bool, results)) / len(results) >= project.pass_mark:
        member.qualified_at = timezone.now()
        record(actor=None, verb="member.qualify", obj=member, data={"passed": sum(map(bool, results))})
    else:
        member.tries += 1
        _reopen_training(project, member)
        record(actor=None, verb="member.try", obj=member, data={"tries": member.tries})
    member.save(update_fields=["qualified_at", "tries"])


def _reopen_training(project: Project, member: Membership) -> None:
    held = Assignment.objects.select_for_update().filter(
        pool=project, person_id=member.user_id, state=State.SUBMITTED, item__lane=Item.Lane.TRAINING
    )
    for assignment in held.order_by("id"):
        leases.end(assignment, state=State.RETURNED, reason="try failed")


@transaction.atomic
def lift_pause(*, actor: User, member: Membership) -> None:
    """The person may go on, with a clean window."""
    if member.paused_at is None:
        raise Conflict(_("This person is not paused."))
    Membership.objects.filter(pk=member.pk).update(paused_at=None, pause_reason="", recent=[])
    record(actor=actor, verb="member.lift", obj=member, data={"reason": member.pause_reason})


@transaction.atomic
def pause_by_hand(*, actor: User, member: Membership, reason: str) -> None:
    if not reason.strip():
        raise BadInput(_("Say why."), errors=[{"field": "reason", "reason": _("is empty")}])
    Membership.objects.filter(pk=member.pk).update(paused_at=timezone.now(), pause_reason=reason)
    leases.release_all(Assignment, pool_id=member.project_id, person_id=member.user_id, reason="paused")
    record(actor=actor, verb="member.pause", obj=member, data={"reason": reason})
