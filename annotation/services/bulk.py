"""What a manager does to many items at once. Each action says how many it changed; unknown ids are refused whole."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from annotation.models import Assignment, Item, Membership, Project, Response, Slot
from annotation.services.slots import close_excluded
from annotation.services.standing import transition
from sftlab.accounts.models import User
from sftlab.audit.services import record
from sftlab.errors import BadInput
from sftlab.work import leases
from sftlab.work.leases import State

MOST = 10_000

# For each item its first free slot that is nobody's, in one order.
_ASSIGN = """
WITH chosen AS (
    SELECT DISTINCT ON (item_id) id FROM annotation_slot s
    WHERE item_id = ANY(%(items)s) AND state = 'free' AND assigned_to_id IS NULL AND lane = 'work'
    AND NOT EXISTS (SELECT FROM annotation_assignment a WHERE a.item_id = s.item_id AND a.person_id = %(person)s
        AND a.state IN ('live', 'submitted'))
    ORDER BY item_id, id
), locked AS (
    SELECT id FROM annotation_slot WHERE id IN (SELECT id FROM chosen) AND state = 'free' ORDER BY id FOR UPDATE
)
UPDATE annotation_slot s SET assigned_to_id = %(person)s FROM locked WHERE s.id = locked.id
"""


@transaction.atomic
def act(
    *,
    actor: User,
    project: Project,
    items: Sequence[UUID],
    action: str,
    username: str = "",
    priority: int | None = None,
    reason: str = "",
) -> int:
    """`assign` (to `username`), `unassign`, `prioritise` (`priority`), `return` (`reason`), `exclude`, `include`."""
    found = _items(project, items)
    if action not in ACTIONS:
        raise _fault("action", _("must be one of %(names)s") % {"names": ", ".join(ACTIONS)})
    changed = ACTIONS[action](project, found, {"username": username, "priority": priority, "reason": reason})
    told = {"action": action, "items": len(found), "changed": changed, "username": username, "priority": priority}
    record(actor=actor, verb=f"items.{action}", obj=project, data=told)
    return changed


def _items(project: Project, items: Sequence[UUID]) -> list[int]:
    if not 0 < len(items) <= MOST:
        raise _fault("items", _("must be 1 to %(n)d ids") % {"n": MOST})
    found = list(Item.objects.filter(project=project, uuid__in=items).order_by("pk").values_list("pk", flat=True))
    if len(found) < len(set(items)):
        raise _fault("items", _("%(n)d of them are not in this project") % {"n": len(set(items)) - len(found)})
    return found


def _assign(project: Project, items: list[int], given: dict[str, Any]) -> int:
    member = Membership.objects.filter(
        project=project, user__username=given["username"], role=Membership.Role.ANNOTATOR
    ).first()
    if member is None:
        raise _fault("username", _("is no annotator of this project"))
    with connection.cursor() as cursor:
        cursor.execute(_ASSIGN, {"items": items, "person": member.user_id})
        return int(cursor.rowcount)


def _unassign(_project: Project, items: list[int], _given: dict[str, Any]) -> int:
    return _free_slots(items).exclude(assigned_to=None).update(assigned_to=None)


def _free_slots(items: list[int]) -> QuerySet[Slot]:
    free = Slot.objects.filter(item_id__in=items, state=Slot.State.FREE).order_by("pk").select_for_update()
    return Slot.objects.filter(pk__in=[slot.pk for slot in free])


def _prioritise(_project: Project, items: list[int], given: dict[str, Any]) -> int:
    if given["priority"] is None or abs(given["priority"]) > 1_000_000:
        raise _fault("priority", _("must be a whole number within a million of 0"))
    _free_slots(items).update(priority=given["priority"])
    return Item.objects.filter(pk__in=items).update(priority=given["priority"])


def _return(_project: Project, items: list[int], given: dict[str, Any]) -> int:
    """Waiting and accepted responses go back to their authors, as by a reviewer."""
    if not given["reason"].strip():
        raise _fault("reason", _("Say why, for the author."))
    held = Assignment.objects.filter(item_id__in=items, state=State.SUBMITTED, item__lane=Item.Lane.WORK)
    returned = 0
    for assignment in held.select_for_update(of=("self",)).select_related("response").order_by("pk"):
        response = assignment.response
        if Response.State.REJECTED not in Response.MOVES[response.state]:
            continue
        transition(response, Response.State.REJECTED)
        draft = {"output": response.output, "ratings": response.ratings, "returned": given["reason"]}
        leases.end(
            assignment, state=State.RETURNED, reason=given["reason"], assign_to=assignment.person_id, draft=draft
        )
        returned += 1
    close_excluded(items)
    return returned


def _exclude(_project: Project, items: list[int], _given: dict[str, Any]) -> int:
    """No more work on them, and none of them in later versions; what was written stays, drafts too."""
    _free_slots(items).update(state=Slot.State.CLOSED)
    held = Assignment.objects.filter(item_id__in=items, state=State.LIVE)
    for assignment in held.select_for_update(of=("self",)).order_by("pk"):
        leases.end(assignment, state=State.RELEASED, reason="excluded")
    changed = Item.objects.filter(pk__in=items, excluded_at=None).update(excluded_at=timezone.now())
    close_excluded(items)
    return changed


def _include(_project: Project, items: list[int], _given: dict[str, Any]) -> int:
    """What was withdrawn stays out."""
    back = Item.objects.filter(pk__in=items, withdrawal=None).exclude(excluded_at=None)
    found = list(back.values_list("pk", flat=True))
    Slot.objects.filter(item_id__in=found, state=Slot.State.CLOSED).update(state=Slot.State.FREE)
    return Item.objects.filter(pk__in=found).update(excluded_at=None)


def _fault(field: str, reason: str) -> BadInput:
    return BadInput(_("The request has faults."), errors=[{"field": field, "reason": reason}])


ACTIONS: dict[str, Callable[[Project, list[int], dict[str, Any]], int]] = {
    "assign": _assign,
    "unassign": _unassign,
    "prioritise": _prioritise,
    "return": _return,
    "exclude": _exclude,
    "include": _include,
}
