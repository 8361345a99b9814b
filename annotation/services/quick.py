"""The read and the write that every round of an annotator makes, without the ORM's cost of building them anew."""

import json
from functools import cache
from typing import Any
from uuid import UUID

from annotation.models import Assignment, Membership, Project, Response
from sftlab import prepared
from sftlab.audit import services as audit


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
    cut = prepared.width(Membership)
    found = prepared.made(Membership, row[:cut])
    found.project = prepared.made(Project, row[cut:])
    return found


INSERTED = (
    "uuid", "project_id", "item_id", "author_id", "assignment_id", "output", "messages", "ratings", "flags",
    "guideline", "lead_time", "state", "score", "passed", "score_reason",
)  # fmt: skip
_INSERT = f"""
WITH logged AS ({audit.INSERT}), made AS (
    INSERT INTO annotation_response (created_at, {", ".join(INSERTED)})
    VALUES (now(), {", ".join(f"%({name})s" for name in INSERTED)}) RETURNING id, created_at
) SELECT * FROM made
"""  # noqa: S608 - names of columns


def insert_response(response: Response, *, assignment: Assignment) -> None:
    """The response and its event."""
    values: dict[str, Any] = {name: getattr(response, name) for name in INSERTED}
    told = {"assignment": str(assignment.uuid)}
    values |= audit.values_of(actor=response.author, verb="response.submit", obj=response, data=told)
    for name in ("messages", "ratings"):
        values[name] = None if values[name] is None else json.dumps(values[name], ensure_ascii=False)
    response.pk, response.created_at = prepared.rows(_INSERT, values)[0]
    response._state.adding = False
