from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from annotation.models import Assignment, Item, Project
from annotation.services.work import Claimed
from sftlab.accounts.models import User

State = Assignment.State


def claim_payload(claimed: Claimed) -> dict[str, Any]:
    """The same keys for every item: nothing here tells gold from ordinary work."""
    return {
        "assignment": claimed.assignment.uuid,
        "item": item_payload(claimed.item, claimed.project),
        "draft": claimed.assignment.draft,
        "expires_at": claimed.assignment.expires_at,
        "today": claimed.today,
    }


def item_payload(item: Item, project: Project) -> dict[str, Any]:
    return {
        "id": item.uuid,
        "kind": project.kind,
        "messages": item.messages[:-1],
        "instruction": item.messages[-1]["content"],
        "input": item.input,
        "output": item.output,
        "language": item.metadata.get("language", ""),
        "guideline": project.guideline,
        "dimensions": project.dimensions if project.kind == Project.Kind.RATE else [],
    }


def kept_drafts(user: User, project: Project) -> QuerySet[Assignment]:
    """What the person wrote and did not submit, the newest first; of an item that came again the last draft."""
    mine = Assignment.objects.filter(pool=project, person=user)
    later = mine.filter(item=OuterRef("item"), pk__gt=OuterRef("pk"))
    left = mine.filter(draft__isnull=False).exclude(state=State.SUBMITTED)
    return left.exclude(Exists(later)).select_related("item").order_by("-id")


def returned_because(assignment: Assignment) -> str:
    """Why a reviewer gave this person's earlier answer to the item back; empty: nobody did."""
    earlier = Assignment.objects.filter(item=assignment.item_id, person=assignment.person_id, state=State.RETURNED)
    return earlier.order_by("-id").values_list("reason", flat=True).first() or ""
