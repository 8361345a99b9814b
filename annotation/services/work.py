"""An annotator's round: claim, draft, submit, skip. Every function is one short transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotation import answers, schedule
from annotation.answers import Answer
from annotation.gold import GoldResult, score
from annotation.models import Assignment, Item, Membership, Project, Response
from annotation.rows import canonical
from annotation.services import quick, standing
from sftlab import jsonb
from sftlab.accounts.models import User
from sftlab.audit.services import record
from sftlab.errors import BadInput, Conflict, Missing, NotPermitted, TooLarge
from sftlab.work import leases
from sftlab.work.leases import State

LONGEST_DRAFT = 400_000
NOT_CONTENT = ("lead_time", "guideline")
"""What may differ when an answer is sent again."""


@dataclass(frozen=True)
class Claimed:
    assignment: Assignment
    item: Item
    project: Project
    today: int


@dataclass(frozen=True)
class Submitted:
    """`created` is False when the same answer had been submitted before."""

    response: Response
    created: bool
    result: GoldResult | None
    """Of a training item, whose author is told at once."""
    item: Item


def secret() -> bytes:
    return settings.SECRET_KEY.encode()


def claim(*, user: User, project: UUID, ahead: bool = False) -> Claimed | None:
    """The next item, or None. Raises NotPermitted with code `paused`, `not_qualified` or `closed`."""
    member = _member(user, project)
    _check_may_work(member)
    taken = leases.claim(
        Assignment,
        pool_id=member.project_id,
        person_id=user.pk,
        lease=lease_of(member.project),
        lanes=partial(_lanes, member),
        skills=member.skills,
        ahead=ahead,
        lone=[Item.Lane.WORK] if member.project.overlap == 1 else [],
    )
    if taken is None:
        _explain_nothing(member)
        return None
    today = member.submitted_on_day if member.day == timezone.localdate() else 0
    return Claimed(taken, taken.item, member.project, today)


def lease_of(project: Project) -> timedelta:
    return timedelta(minutes=project.lease_minutes)


def _member(user: User, project: UUID) -> Membership:
    found = quick.member(project, user.pk)
    if found is not None:
        return found
    here = Membership.objects.filter(project__uuid=project, user=user).exists()
    if here or (user.is_admin and Project.objects.filter(uuid=project).exists()):
        raise NotPermitted(_("Only annotators of the project are given its items."))
    raise Missing(_("There is no such project."))


def _check_may_work(member: Membership) -> None:
    project = member.project
    if project.state != Project.State.OPEN:
        raise NotPermitted(_("This project is closed."), code="closed")
    if member.paused_at is not None:
        raise NotPermitted(member.pause_reason, code="paused")
    if is_training(member) and member.tries >= project.training_tries:
        raise NotPermitted(
            _("All tries at the training items are used up. Ask a manager of the project."), code="not_qualified"
        )


def is_training(member: Membership) -> bool:
    return member.project.training_items > 0 and member.qualified_at is None


def _lanes(member: Membership, serial: int) -> list[str]:
    if is_training(member):
        return [Item.Lane.TRAINING]
    project = member.project
    due = schedule.gold_is_due(
        key=secret(), project=project.pk, person=member.user_id, serial=serial, rate=project.gold_rate
    )
    return [Item.Lane.GOLD, Item.Lane.WORK] if due else [Item.Lane.WORK]


def _explain_nothing(member: Membership) -> None:
    if is_training(member):
        raise NotPermitted(
            _("The training items have run out before you had enough. Ask a manager to add some."),
            code="not_qualified",
        )


def save_draft(*, user: User, assignment: UUID, draft: Any) -> bool:
    """Whether the lease is still live. Raises BadInput for what can't be stored."""
    jsonb.check(draft, "draft")
    if len(canonical(draft)) > LONGEST_DRAFT:
        raise TooLarge(_("This draft is longer than %(n)d characters.") % {"n": LONGEST_DRAFT})
    return leases.save_draft(Assignment, uuid=assignment, person_id=user.pk, draft=draft)


def heartbeat(*, user: User, assignment: UUID) -> datetime:
    held = Assignment.objects.select_related("pool").filter(uuid=assignment, person=user).first()
    if held is None:
        raise Missing(_("There is no such assignment."))
    return leases.heartbeat(Assignment, uuid=assignment, person_id=user.pk, lease=lease_of(held.pool))


def skip(*, user: User, assignment: UUID, reason: str = "") -> None:
    """The slot is free for others, and the item won't come back to this person."""
    _give_back(user, assignment, State.SKIPPED, reason)


def release(*, user: User, assignment: UUID) -> None:
    """The slot is free for all, this person too."""
    _give_back(user, assignment, State.RELEASED, "")


@transaction.atomic
def _give_back(user: User, assignment: UUID, state: str, reason: str) -> None:
    jsonb.check(reason, "reason")
    given = leases.give_back(Assignment, uuid=assignment, person_id=user.pk, state=state, reason=reason)
    record(actor=user, verb=f"assignment.{state}", obj=given, data={"reason": reason})


def submit(*, user: User, assignment: UUID, body: Any, key: str = "") -> Submitted:
    """Takes an answer at most once; hidden gold is scored and the person's standing kept in the same transaction.

    Raises Conflict (`already_submitted`, `key_reused`, `lost`), BadInput, and NotPermitted (`paused`); what was not
    taken stays as a draft.
    """
    jsonb.check(key, "Idempotency-Key")
    jsonb.check(body, "")
    content = {name: value for name, value in body.items() if name not in NOT_CONTENT} if _is_dict(body) else body
    try:
        answered, created = leases.submit(
            Assignment,
            uuid=assignment,
            person_id=user.pk,
            key=key[:200],
            body=content,
            save=partial(_save, user, body),
            replay=_replay,
        )
    except Conflict as conflict:
        before = _answered_before(user, assignment, content) if conflict.code == "already_submitted" else None
        if before is None:
            raise
        return before
    except NotPermitted:
        leases.keep_lost(Assignment, uuid=assignment, person_id=user.pk, body=content)
        raise
    return Submitted(answered.response, created, answered.result, answered.item)


def _answered_before(user: User, assignment: UUID, content: Any) -> Submitted | None:
    """The same answer said again after a reviewer returned it or it was set aside."""
    same = Assignment.objects.filter(uuid=assignment, person=user, body_hash=leases.body_hash(content))
    found = same.exclude(state=State.SUBMITTED).select_related("item", "response").first()
    return None if found is None else Submitted(found.response, False, None, found.item)


def _is_dict(body: Any) -> bool:
    if not isinstance(body, dict):
        raise BadInput(_("The body must be an object."))
    return True


@dataclass(frozen=True)
class _Answered:
    response: Response
    item: Item
    result: GoldResult | None


def _replay(assignment: Assignment) -> _Answered:
    item = assignment.item
    response = Response.objects.get(assignment=assignment)
    return _Answered(response, item, _result(item, response) if item.lane == Item.Lane.TRAINING else None)


def _save(user: User, body: Any, assignment: Assignment) -> _Answered:
    project, item = assignment.pool, assignment.item
    answer = answers.parse(body, kind=project.kind, dimensions=project.dimensions, guidelines=project.guideline)
    response = _response(user, assignment, answer)
    result = _result(item, response)
    if result is not None:
        response.score, response.passed = result.score, result.passed
        response.score_reason = ", ".join(result.missed)
    member = standing.count_submit(project=project, user=user, item=item, result=result)
    response.state = _first_state(project, item, response, member)
    quick.insert_response(response, assignment=assignment)
    standing.judge(project=project, member=member, item=item, result=result)
    return _Answered(response, item, result if item.lane == Item.Lane.TRAINING else None)


def _response(user: User, assignment: Assignment, answer: Answer) -> Response:
    return Response(
        project_id=assignment.pool_id,
        item_id=assignment.item_id,
        author=user,
        assignment=assignment,
        output=answer.output,
        messages=answer.messages,
        ratings=answer.ratings,
        flags=answer.flags,
        guideline=assignment.pool.guideline if answer.guideline is None else answer.guideline,
        lead_time=answer.lead_time,
    )


def _result(item: Item, response: Response) -> GoldResult | None:
    if item.lane == Item.Lane.WORK:
        return None
    return score(item.answer or {}, {"output": response.output, "ratings": response.ratings})


def _first_state(project: Project, item: Item, response: Response, member: standing.Standing) -> str:
    if item.lane != Item.Lane.WORK:
        return Response.State.SCORED
    rate = standing.review_rate(project, member)
    due = schedule.sampled(key=secret(), name=str(response.uuid), rate=rate)
    return Response.State.WAITING if due else Response.State.PASSED
