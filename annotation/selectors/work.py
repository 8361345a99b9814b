from typing import Any

from annotation.models import Item, Project
from annotation.services.work import Claimed


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
