from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from annotation.access import JUDGES, access_to
from annotation.models import Assignment, Comment, Item, Project, Response, Review
from annotation.rows import LONGEST_TEXT
from annotation.services.slots import close_excluded
from annotation.services.standing import transition
from sftlab import jsonb
from sftlab.accounts.models import User
from sftlab.audit.services import record
from sftlab.errors import BadInput, Conflict, Missing, NotPermitted
from sftlab.work import leases
from sftlab.work.leases import State

Verdict = Review.Verdict
OPEN_FOR = timedelta(minutes=15)

_NEXT = """
UPDATE annotation_response SET reviewer_id = %(person)s, reviewer_since = now()
WHERE id = (
    SELECT id FROM annotation_response
    WHERE project_id = %(project)s AND state = 'waiting' AND author_id <> %(person)s AND id <> ALL(%(passed_over)s)
    AND (reviewer_id IS NULL OR reviewer_id = %(person)s OR reviewer_since < now() - %(open_for)s)
    ORDER BY (reviewer_id IS NOT DISTINCT FROM %(person)s) DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id
"""


@transaction.atomic
def next_for_review(*, user: User, project: Project, passed_over: list[int] | None = None) -> Response | None:
    """The oldest waiting response that is not this person's own and that nobody else has open."""
    values: dict[str, Any] = {
        "person": user.pk,
        "project": project.pk,
        "open_for": OPEN_FOR,
        "passed_over": passed_over or [],
    }
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, values)
        row = cursor.fetchone()
    return Response.objects.select_related("item", "author").get(pk=row[0]) if row else None


def response_for(*, user: User, uuid: UUID) -> Response:
    """A response as a judge of its project may see it. Raises Missing or NotPermitted."""
    found = Response.objects.select_related("project", "item", "author", "assignment").filter(uuid=uuid).first()
    if found is None:
        raise Missing(_("There is no such response."))
    access_to(user, found.project, JUDGES)
    return found


@transaction.atomic
def review(*, user: User, response: Response, verdict: str, comment: str = "", output: Any = "") -> Review:
    """Accept; reject (back to its author, the slot reopened); or fix (both texts kept). One verdict per response."""
    _check(user, response, verdict, comment, output)
    if verdict == Verdict.ACCEPT:
        transition(response, Response.State.ACCEPTED)
    elif verdict == Verdict.REJECT:
        transition(response, Response.State.REJECTED)
        _return_to_author(response, comment)
    else:
        transition(response, Response.State.FIXED)
        _fix(user, response, output)
    made = Review.objects.create(response=response, reviewer=user, verdict=verdict, comment=comment)
    record(actor=user, verb=f"response.{verdict}", obj=response, data={"comment": comment})
    return made


def _check(user: User, response: Response, verdict: str, comment: str, output: Any) -> None:
    if response.author_id == user.pk:
        raise NotPermitted(_("Nobody reviews their own work."), code="own_work")
    if response.item.lane != Item.Lane.WORK:
        raise Conflict(_("This response is no longer in a state that allows that."))
    jsonb.check([comment, output], "")
    if verdict == Verdict.REJECT and not comment.strip():
        raise _fault("comment", _("Say why, for the author."))
    if verdict == Verdict.FIX:
        _check_fix(response, output)


def _check_fix(response: Response, output: Any) -> None:
    if response.ratings is not None:
        raise _fault("verdict", _("Ratings are accepted or rejected, not fixed."))
    if not isinstance(output, str) or not output.strip() or len(output) > LONGEST_TEXT:
        raise _fault("output", _("Give the mended text."))
    if output == response.output:
        raise _fault("output", _("Nothing was changed: accept it instead."))


def _return_to_author(response: Response, comment: str) -> None:
    held = Assignment.objects.select_for_update().filter(response=response).first()
    if held is None or held.state != State.SUBMITTED:
        return
    draft = {"output": response.output, "messages": response.messages, "ratings": response.ratings}
    draft = {name: value for name, value in draft.items() if value} | {"returned": comment}
    leases.end(held, state=State.RETURNED, reason=comment, assign_to=response.author_id, draft=draft)
    close_excluded([response.item_id])


def _fix(user: User, response: Response, output: str) -> Response:
    messages = response.messages
    if messages:
        messages = [*messages[:-1], {"role": "assistant", "content": output}]
    return Response.objects.create(
        project=response.project,
        item=response.item,
        author=user,
        replaces=response,
        output=output,
        messages=messages,
        guideline=response.guideline,
        state=Response.State.ACCEPTED,
    )


@transaction.atomic
def adjudicate(*, user: User, item: Item, choice: UUID, comment: str = "") -> Response:
    """Of several responses to an item one is kept; the others stay readable, out of later versions."""
    jsonb.check(comment, "comment")
    found = list(Response.objects.select_for_update().filter(item=item, state__in=OPEN_STATES).order_by("id"))
    chosen = next((response for response in found if response.uuid == choice), None)
    if chosen is None:
        raise Missing(_("There is no such response to choose."))
    if any(response.author_id == user.pk for response in found):
        raise NotPermitted(_("Nobody reviews their own work."), code="own_work")
    if chosen.state != Response.State.ACCEPTED:
        transition(chosen, Response.State.ACCEPTED)
    for other in found:
        if other.pk != chosen.pk and other.state != Response.State.OUTVOTED:
            transition(other, Response.State.OUTVOTED)
    Review.objects.create(response=chosen, reviewer=user, verdict=Verdict.ACCEPT, comment=comment)
    record(actor=user, verb="item.adjudicate", obj=item, data={"choice": str(choice), "comment": comment})
    return chosen


OPEN_STATES = (Response.State.WAITING, Response.State.PASSED, Response.State.ACCEPTED, Response.State.OUTVOTED)


@transaction.atomic
def comment_on(*, user: User, item: Item, text: str) -> Comment:
    jsonb.check(text, "text")
    if not text.strip() or len(text) > 10_000:
        raise _fault("text", _("must have 1 to 10,000 characters"))
    made = Comment.objects.create(item=item, author=user, text=text)
    record(actor=user, verb="item.comment", obj=item, data={"comment": str(made.uuid)})
    return made


def _fault(field: str, reason: str) -> BadInput:
    return BadInput(_("The request has faults."), errors=[{"field": field, "reason": reason}])
