from collections.abc import Sequence

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from evaluation.evalset_records import BadRecord, Record, digest, parse
from evaluation.models import EvalItem, EvalSet
from sftlab.accounts.models import User
from sftlab.audit.services import record
from sftlab.errors import BadInput, FieldError, TooLarge

MOST_ITEMS = 20_000
MOST_FAULTS = 200


@transaction.atomic
def create_evalset(*, actor: User, name: str, items: Sequence[object], note: str = "") -> tuple[EvalSet, bool]:
    """A new version under this name, and True; the latest version and False when it holds the same items.

    Raises BadInput with the faults of every record.
    """
    records = _read(items)
    sha256 = digest(records)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"evalset:{name}"])
    latest = EvalSet.objects.filter(name=name).order_by("-version").first()
    if latest is not None and latest.sha256 == sha256:
        return latest, False
    version = (EvalSet.objects.filter(name=name).aggregate(top=Max("version"))["top"] or 0) + 1
    made = EvalSet.objects.create(
        name=name, version=version, note=note, sha256=sha256, size=len(records), created_by=actor
    )
    EvalItem.objects.bulk_create([_item(made, position, one) for position, one in enumerate(records)], batch_size=1000)
    record(actor=actor, verb="evalset.create", obj=made, data={"name": name, "version": version, "sha256": sha256})
    return made, True


def _read(items: Sequence[object]) -> list[Record]:
    if not items:
        raise BadInput(_("The evaluation set has no items."), errors=[{"field": "items", "reason": _("is empty")}])
    if len(items) > MOST_ITEMS:
        raise TooLarge(_("An evaluation set holds at most %(most)s items.") % {"most": MOST_ITEMS})
    records: list[Record] = []
    faults: list[FieldError] = []
    seen: dict[str, int] = {}
    for position, raw in enumerate(items):
        try:
            one = parse(raw, position=position)
        except BadRecord as bad:
            faults += [
                {"field": f"items[{position}].{f['field']}".rstrip("."), "reason": f["reason"]} for f in bad.faults
            ]
            continue
        if one.key in seen:
            reason = _("is the id of item %(other)s as well") % {"other": seen[one.key] + 1}
            faults.append({"field": f"items[{position}].id", "reason": reason})
        seen[one.key] = position
        records.append(one)
    if faults:
        raise BadInput(_("Some items can't be used; nothing was saved."), errors=faults[:MOST_FAULTS])
    return records


def _item(evalset: EvalSet, position: int, one: Record) -> EvalItem:
    return EvalItem(
        evalset=evalset,
        position=position,
        key=one.key,
        turns=one.turns,
        references=one.references,
        category=one.category,
        language=one.language,
        difficulty=one.difficulty,
        metadata=one.metadata,
    )
