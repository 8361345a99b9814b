"""The four reads and the write that every round of an annotator makes, without the ORM's cost of building them anew."""

import json
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, models

from annotation.models import Assignment, Gold, Item, Membership, Project, Response
from sftlab import prepared

M = TypeVar("M", bound=models.Model)


def _fields(model: type[models.Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


def _made(model: type[M], values: prepared.Row) -> M:
    return model.from_db(DEFAULT_DB_ALIAS, _fields(model), values)


@cache
def _member_sql() -> str:
    return f"""
        SELECT {prepared.columns(Membership, "m.")}, {prepared.columns(Project, "p.")}
        FROM annotation_membership m JOIN annotation_project p ON p.id = m.project_id
        WHERE p.uuid = %(project)s AND m.user_id = %(person)s AND m.role = 'annotator'
    """  # noqa: S608 - names of columns


def member(project: UUID, person: int) -> Membership | None:
    """The annotator's row, with its project."""
    row = prepared.row(_member_sql(), {"project": project, "person": person})
    if row is None:
        return None
    cut = len(_fields(Membership))
    found = _made(Membership, row[:cut])
    found.project = _made(Project, row[cut:])
    return found


@cache
def _item_sql() -> str:
    return f"SELECT {prepared.columns(Item)} FROM annotation_item WHERE id = %(id)s"  # noqa: S608 - names of columns


def item(pk: int) -> Item:
    return _item(prepared.rows(_item_sql(), {"id": pk})[0])


def _item(row: prepared.Row) -> Item:
    found = _made(Item, row)
    found.messages, found.metadata = json.loads(row[MESSAGES]), json.loads(row[METADATA])
    return found


MESSAGES, METADATA = (_fields(Item).index(name) for name in ("messages", "metadata"))


@cache
def _submit_sql() -> str:
    return f"""
        SELECT {prepared.columns(Project, "p.")}, {prepared.columns(Item, "i.")}, {prepared.columns(Gold, "g.")}
        FROM annotation_item i JOIN annotation_project p ON p.id = i.project_id
        LEFT JOIN annotation_gold g ON g.item_id = i.id WHERE i.id = %(item)s
    """  # noqa: S608 - names of columns


def load_for_submit(assignment: Assignment) -> tuple[Project, Item]:
    """Project and item, the item with its gold answer if it has one; set on the assignment too."""
    row = prepared.rows(_submit_sql(), {"item": assignment.item_id})[0]
    first, second = len(_fields(Project)), len(_fields(Project)) + len(_fields(Item))
    project, found, gold = _made(Project, row[:first]), _item(row[first:second]), row[second:]
    if gold[0] is not None:
        found.gold = _made(Gold, gold)
        found.gold.answer, found.gold.feedback = json.loads(found.gold.answer), json.loads(found.gold.feedback)
    assignment.pool, assignment.item = project, found
    return project, found


INSERTED = (
    "uuid", "project_id", "item_id", "author_id", "assignment_id", "output", "messages", "ratings", "flags",
    "guideline", "lead_time", "state", "score", "passed", "score_reason",
)  # fmt: skip
_INSERT = f"""
INSERT INTO annotation_response (created_at, {", ".join(INSERTED)})
VALUES (now(), {", ".join(f"%({name})s" for name in INSERTED)}) RETURNING id, created_at
"""  # noqa: S608 - names of columns


def insert_response(response: Response) -> None:
    values: dict[str, Any] = {name: getattr(response, name) for name in INSERTED}
    for name in ("messages", "ratings"):
        values[name] = None if values[name] is None else json.dumps(values[name], ensure_ascii=False)
    response.pk, response.created_at = prepared.rows(_INSERT, values)[0]
    response._state.adding = False
