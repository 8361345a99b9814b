"""Outputs come in from a child's file or from an upload; each is saved once, whoever sends it again."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from evaluation.models import EvalItem, Evaluation, Output, System
from evaluation.services.evaluations import settle
from evaluation.services.studies.members import saw_by_system
from sftlab.accounts.models import User
from sftlab.audit.services import record
from sftlab.errors import BadInput, Conflict, Missing

BATCH = 1000
LONGEST = 200_000
FINISHES = ("stop", "length", "error", "")


class Written(NamedTuple):
    key: str
    text: str
    finish: str
    tokens: int | None


class RowError(NamedTuple):
    row: int
    field: str
    reason: str


class Uploaded(NamedTuple):
    created: int
    duplicates: int
    errors: list[RowError]
    complete: bool


def upload_outputs(
    *, actor: User, evaluation: Evaluation, rows: Sequence[object], model: UUID | None = None
) -> Uploaded:
    """Save outputs of models that ran elsewhere. `model` speaks for rows that name none.

    Good rows are saved and bad ones listed; an output that is there already stays as it is. The evaluation is scored
    once the last one is in. Who brings a model's answers knows whose they are, and rates them no more.
    """
    errors: list[RowError] = []
    by_model: dict[UUID, list[Written]] = {}
    for number, row in enumerate(rows):
        parsed = _parse(number, row, model, errors)
        if parsed is not None:
            by_model.setdefault(parsed[0], []).append(parsed[1])
    if rows and not by_model:
        raise BadInput(_("None of these outputs can be used."), errors=[_field_error(e) for e in errors[:200]])
    created = duplicates = 0
    complete = True
    with transaction.atomic():
        for uuid, written in by_model.items():
            system = _waiting_system(evaluation, uuid)
            fresh, unknown = save_outputs(system, written)
            errors += [RowError(-1, "id", f"{key}: {_('there is no such item')}") for key in unknown]
            created += fresh
            duplicates += len(written) - fresh - len(unknown)
            complete &= _finish_upload(system)
            saw_by_system(user=actor, evalset=evaluation.evalset, models=[system.model])
        record(actor=actor, verb="evaluation.upload", obj=evaluation, data={"created": created})
        settle(evaluation)
    return Uploaded(created, duplicates, errors, complete)


def _waiting_system(evaluation: Evaluation, model: UUID) -> System:
    system = evaluation.systems.select_for_update().filter(model__uuid=model).first()
    if system is None:
        raise Missing(_("This model is not part of the evaluation."))
    if system.source != System.Source.UPLOADED:
        raise Conflict(_("This model's outputs are generated here."), code="generated_here")
    return system


def _finish_upload(system: System) -> bool:
    complete = system.done >= system.evaluation.evalset.size
    if complete and system.status != System.Status.DONE:
        system.transition(System.Status.DONE)
    return complete


def save_outputs(system: System, written: Iterable[Written]) -> tuple[int, list[str]]:
    """How many were new, and the keys that the set does not have. Counts on the system are set from what is saved."""
    items = dict(EvalItem.objects.filter(evalset_id=system.evaluation.evalset_id).values_list("key", "pk"))
    there = set(system.outputs.values_list("item__key", flat=True))
    fresh: dict[str, Written] = {}
    unknown = []
    for one in written:
        if one.key not in items:
            unknown.append(one.key)
        elif one.key not in there:
            fresh.setdefault(one.key, one)
    Output.objects.bulk_create(
        [
            Output(system=system, item_id=items[one.key], text=one.text, finish=one.finish, tokens=one.tokens)
            for one in fresh.values()
        ],
        batch_size=BATCH,
        ignore_conflicts=True,
    )
    found = system.outputs.aggregate(done=Count("pk"), tokens=Sum("tokens"))
    system.done, system.tokens = found["done"], found["tokens"] or 0
    system.save(update_fields=["done", "tokens"])
    return len(fresh), unknown


def read_outputs(path: Path) -> Iterator[Written]:
    """The whole lines of a child's outputs.jsonl; one still being written is left."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            row = json.loads(line)
            yield Written(
                str(row["id"]), row["text"].replace("\x00", "\ufffd"), row.get("finish", ""), row.get("tokens")
            )


def _parse(number: int, row: object, model: UUID | None, errors: list[RowError]) -> tuple[UUID, Written] | None:
    if not isinstance(row, Mapping):
        errors.append(RowError(number, "", _("must be an object")))
        return None
    faults = [RowError(number, field, reason) for field, reason in _faults(row)]
    uuid = _uuid(row.get("model"), model)
    if uuid is None:
        faults.append(RowError(number, "model", _("name the model, in the row or in the address")))
    errors += faults
    if faults or uuid is None:
        return None
    return uuid, Written(str(row["id"]), row["text"], row.get("finish") or "", row.get("tokens"))


def _faults(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not isinstance(row.get("id"), str | int) or isinstance(row["id"], bool):
        yield "id", _("name the item")
    text = row.get("text")
    if not isinstance(text, str) or len(text) > LONGEST or "\x00" in text:
        yield "text", _("must be text")
    if row.get("finish") not in (None, *FINISHES):
        yield "finish", _("must be stop or length")
    tokens = row.get("tokens")
    if tokens is not None and (not isinstance(tokens, int) or isinstance(tokens, bool) or not 0 <= tokens < 2**31):
        yield "tokens", _("must be a whole number")


def _uuid(own: object, default: UUID | None) -> UUID | None:
    if own is None:
        return default
    try:
        return UUID(str(own))
    except ValueError:
        return None


def _field_error(error: RowError) -> Any:
    return {"field": f"rows[{error.row}].{error.field}", "reason": error.reason}
