import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from annotation import rows
from annotation.checks import Checker
from annotation.models import Item, Project
from annotation.rows import Row, RowFault
from annotation.services.slots import add_slots, ensure_gold_slots
from sftlab.accounts.models import User
from sftlab.audit.services import record
from sftlab.errors import BadInput, TooLarge

MOST_ROWS = 10_000
MOST_WARNINGS = 1_000
NEAR_ROWS = 1_000
"""More rows than this in one request are not looked through for near duplicates: that is a file's work."""

_INSERT = """
INSERT INTO annotation_item (
    uuid, created_at, project_id, source_id, messages, input, output, metadata, sha256, lane, skill, priority, answer,
    feedback, warnings
)
SELECT gen_random_uuid(), now(), %s, source_id, messages, input, output, metadata, sha256, lane, skill, priority,
    answer, feedback, string_to_array(kinds, ',')
FROM unnest(
    %s::text[], %s::jsonb[], %s::text[], %s::text[], %s::jsonb[], %s::text[], %s::text[], %s::text[], %s::int[],
    %s::jsonb[], %s::jsonb[], %s::text[]
) AS r(source_id, messages, input, output, metadata, sha256, lane, skill, priority, answer, feedback, kinds)
ON CONFLICT (project_id, sha256) DO NOTHING
RETURNING id, sha256
"""


@dataclass
class Imported:
    created: int = 0
    duplicates: int = 0
    warned: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)


@transaction.atomic
def import_rows(*, actor: User, project: Project, raw: Any) -> Imported:
    """The sound rows become items; the others are listed with their number (from 1), field and reason.

    So are warnings about sound rows, the first thousand of them; the items keep their kinds.
    """
    if not isinstance(raw, list):
        raise BadInput(_("The body must be a JSON array of rows."))
    if len(raw) > MOST_ROWS:
        raise TooLarge(
            _("More than %(n)d rows at once. Send them in parts, or as a file to import/.") % {"n": MOST_ROWS}
        )
    result = Imported()
    sound = list(_parse(raw, project, result))
    store(project=project, sound=sound, result=result)
    record(
        actor=actor,
        verb="items.import",
        obj=project,
        data={"created": result.created, "duplicates": result.duplicates, "errors": len(result.errors)},
    )
    return result


def _parse(raw: list[Any], project: Project, result: Imported) -> Iterable[Row]:
    checker = Checker(NEAR_ROWS if len(raw) <= NEAR_ROWS else 0)
    for number, given in enumerate(raw, start=1):
        try:
            row = rows.parse(given, kind=project.kind)
        except RowFault as fault:
            result.errors.append({"row": number, "field": fault.field, "reason": fault.reason})
            continue
        yield checked(number, row, checker=checker, result=result, most=MOST_WARNINGS)


def checked(number: int, row: Row, *, checker: Checker, result: Imported, most: int) -> Row:
    """The row with what it is warned of, counted and told in `result`."""
    found = checker.look(number, row)
    if not found:
        return row
    result.warned += 1
    result.warnings += [warned.at(number) for warned in found[: max(0, most - len(result.warnings))]]
    return replace(row, warnings=tuple(dict.fromkeys(warned.kind for warned in found)))


def store(*, project: Project, sound: Sequence[Row], result: Imported) -> None:
    """Writes parsed rows in the caller's transaction; what is there already counts as a duplicate."""
    with_output = project.kind == Project.Kind.RATE
    unique: dict[str, Row] = {}
    for row in sound:
        unique.setdefault(row.sha256(with_output=with_output), row)
    items = _insert(project, unique)
    ordinary = [pk for sha256, pk in items.items() if unique[sha256].gold is None]
    add_slots(project, ordinary)
    if len(ordinary) < len(items):
        ensure_gold_slots(project)
    result.created += len(items)
    result.duplicates += len(sound) - len(items)


def _insert(project: Project, unique: dict[str, Row]) -> dict[str, int]:
    """sha256 → id of the rows that were new."""
    if not unique:
        return {}
    found = unique.values()
    columns: list[Any] = [
        [row.source_id for row in found],
        [json.dumps(row.messages, ensure_ascii=False) for row in found],
        [row.input for row in found],
        [row.output for row in found],
        [json.dumps(row.metadata, ensure_ascii=False) for row in found],
        list(unique),
        [_lane(row) for row in found],
        [row.skill for row in found],
        [row.priority for row in found],
        [None if row.gold is None else json.dumps(row.gold.as_json(), ensure_ascii=False) for row in found],
        [json.dumps(row.feedback, ensure_ascii=False) for row in found],
        [",".join(row.warnings) for row in found],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [project.pk, *columns])
        return {sha256: pk for pk, sha256 in cursor.fetchall()}


def _lane(row: Row) -> str:
    if row.gold is None:
        return Item.Lane.WORK
    return Item.Lane.TRAINING if row.gold.training else Item.Lane.GOLD
