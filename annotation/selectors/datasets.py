"""Reads of accepted rows and of frozen versions."""

from collections.abc import Iterator
from statistics import median
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from annotation.access import access_to
from annotation.models import DatasetVersion, Item, Project, Response, VersionRow
from annotation.rows import Message
from annotation.selectors.withdrawals import refuse_withdrawn
from sftlab.accounts.models import User
from sftlab.errors import Missing

Frozen = tuple[Item, Response | None, list[Message], dict[str, Any]]

BATCH = 2000


def usable_rows(project: Project) -> Iterator[Frozen]:
    """What a version made now would hold: one row an item, the items in the order they came."""
    usable = (
        Response.objects.filter(
            project=project,
            state__in=Response.USABLE,
            item__lane=Item.Lane.WORK,
            item__excluded_at=None,
            item__withdrawal=None,
        )
        .select_related("item", "author")
        .order_by("item_id", "id")
    )
    merge = _rated if project.kind == Project.Kind.RATE else _written
    group: list[Response] = []
    for response in usable.iterator(BATCH):
        if group and group[0].item_id != response.item_id:
            yield merge(group)
            group = []
        group.append(response)
    if group:
        yield merge(group)


def conversation(item: Item) -> list[Message]:
    """The prompt's turns, the input joined to the last one."""
    messages: list[Message] = item.messages
    if not item.input:
        return messages
    return [*messages[:-1], {"role": "user", "content": f"{messages[-1]['content']}\n\n{item.input}"}]


def _written(group: list[Response]) -> Frozen:
    """A judged response before one taken unseen, then the earliest."""
    chosen = min(group, key=lambda response: (response.state != Response.State.ACCEPTED, response.pk))
    answer = chosen.messages or [{"role": "assistant", "content": chosen.output}]
    return chosen.item, chosen, conversation(chosen.item) + answer, _metadata(group, chosen)


def _rated(group: list[Response]) -> Frozen:
    item = group[0].item
    metadata = _metadata(group, group[0])
    names = group[0].ratings or {}
    metadata["ratings"] = {name: median((response.ratings or {})[name] for response in group) for name in names}
    metadata["flags"] = sorted({flag for response in group for flag in response.flags})
    return item, None, [*conversation(item), {"role": "assistant", "content": item.output}], metadata


def _metadata(group: list[Response], chosen: Response) -> dict[str, Any]:
    item = chosen.item
    metadata = {**item.metadata, "responses": len(group)}
    if item.source_id:
        metadata["source_id"] = item.source_id
    if any(response.author.scripted for response in group):
        metadata["scripted"] = True
    return metadata


def version_for(user: User, uuid: UUID) -> DatasetVersion:
    """Raises Missing for those who are not in its project."""
    found = DatasetVersion.objects.select_related("project").filter(uuid=uuid).first()
    if found is None:
        raise Missing(_("There is no such dataset version."))
    access_to(user, found.project)
    return found


def version_rows(version: DatasetVersion, split: str | None = None) -> Iterator[dict[str, Any]]:
    """`{id, messages, metadata}` in the frozen order. Raises Conflict when a row was withdrawn."""
    refuse_withdrawn(version)
    return _rows(version, split)


def _rows(version: DatasetVersion, split: str | None) -> Iterator[dict[str, Any]]:
    rows = VersionRow.objects.filter(version=version)
    if split is not None:
        rows = rows.filter(split=split)
    for row in rows.select_related("item").order_by("number").iterator(BATCH):
        yield {"id": str(row.item.uuid), "messages": row.messages, "metadata": row.metadata}


def diff(version: DatasetVersion, against: DatasetVersion) -> dict[str, list[str]]:
    """Row ids that `version` has more, no longer, or otherwise than `against`."""
    ours, theirs = _hashes(version), _hashes(against)
    return {
        "added": sorted(ours.keys() - theirs.keys()),
        "removed": sorted(theirs.keys() - ours.keys()),
        "changed": sorted(row for row in ours.keys() & theirs.keys() if ours[row] != theirs[row]),
    }


def _hashes(version: DatasetVersion) -> dict[str, str]:
    pairs = VersionRow.objects.filter(version=version).values_list("item__uuid", "sha256")
    return {str(uuid): sha256 for uuid, sha256 in pairs}
