from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from evaluation import jobs
from evaluation.leaderboards.bodies import csv_body, etag_of, json_body
from evaluation.leaderboards.definition import BY_RANK, Definition, read_definition
from evaluation.leaderboards.inputs import Inputs
from evaluation.leaderboards.rows import Table, table
from evaluation.metrics.registry import METRICS
from evaluation.models import Delivery, EvalSet, Leaderboard, Snapshot, SnapshotSlice, Study, System
from evaluation.selectors.leaderboards import inputs_of
from sftlab.accounts.models import User
from sftlab.audit.services import record
from sftlab.errors import BadInput, FieldError


@transaction.atomic
def create_leaderboard(
    *,
    actor: User,
    name: str,
    evalset: UUID,
    slug: str = "",
    study: UUID | None = None,
    visibility: str = Leaderboard.Visibility.MEMBERS,
    members: Sequence[str] = (),
    description: str = "",
    **definition: Any,
) -> Leaderboard:
    """Its slices are every language and category of the set unless the definition names fewer. The first snapshot
    follows by a job. Raises BadInput with every fault."""
    faults: list[FieldError] = []
    found_set = EvalSet.objects.filter(uuid=evalset).first()
    found_study = Study.objects.filter(uuid=study).first() if study else None
    if found_set is None:
        faults.append({"field": "evalset", "reason": _("There is no such evaluation set.")})
    if study and (found_study is None or (found_set and found_study.evalset_id != found_set.pk)):
        faults.append({"field": "study", "reason": _("There is no such study on this evaluation set.")})
    people = _people(members, faults)
    definition["evalsets"] = _further(evalset, definition.get("evalsets") or (), faults)
    asked = _definition(definition, found_set, has_study=found_study is not None, faults=faults)
    if faults or found_set is None or asked is None:
        raise BadInput(_("This leaderboard can't be made."), errors=faults)
    made = _save(
        Leaderboard(
            slug=slug or slugify(name) or "board",
            name=name,
            description=description,
            evalset=found_set,
            study=found_study,
            definition=asked.as_json(),
            visibility=visibility,
            created_by=actor,
        )
    )
    made.members.set(people)
    record(actor=actor, verb="leaderboard.create", obj=made, data={"slug": made.slug, "visibility": visibility})
    jobs.build_snapshot(made)
    return made


def _save(leaderboard: Leaderboard) -> Leaderboard:
    try:
        with transaction.atomic():
            leaderboard.save()
    except IntegrityError as error:
        reason = _("A leaderboard of this name is there already.")
        raise BadInput(reason, errors=[{"field": "slug", "reason": reason}]) from error
    return leaderboard


def _further(own: UUID, asked: Sequence[UUID], faults: list[FieldError]) -> list[str]:
    """Their columns go by their names, so each name stands once."""
    found = {one.uuid: one.name for one in EvalSet.objects.filter(uuid__in=[own, *asked])}
    names = [found.get(own)]
    for place, uuid in enumerate(asked):
        if uuid not in found:
            faults.append({"field": f"evalsets[{place}]", "reason": _("There is no such evaluation set.")})
        elif found[uuid] in names:
            faults.append({"field": f"evalsets[{place}]", "reason": _("A set of this name is there already.")})
        names.append(found.get(uuid))
    return [str(uuid) for uuid in asked]


def _people(members: Sequence[str], faults: list[FieldError]) -> list[User]:
    found = {user.username: user for user in User.objects.filter(username__in=members)}
    faults += [
        {"field": f"members[{place}]", "reason": _("There is nobody of this name.")}
        for place, name in enumerate(members)
        if name not in found
    ]
    return list(found.values())


def _definition(
    raw: Mapping[str, Any], evalset: EvalSet | None, *, has_study: bool, faults: list[FieldError]
) -> Definition | None:
    if evalset is not None:
        items = evalset.items
        raw = {
            "languages": sorted(set(items.exclude(language="").values_list("language", flat=True))),
            "categories": sorted(set(items.exclude(category="").values_list("category", flat=True))),
            **{name: value for name, value in raw.items() if value is not None},
        }
    try:
        found = read_definition(raw)
    except BadInput as error:
        faults += error.errors
        return None
    for place, metric in enumerate(found.metrics):
        if metric not in METRICS:
            faults.append({"field": f"metrics[{place}]", "reason": _("There is no such metric.")})
    if found.order == BY_RANK and not has_study:
        faults.append({"field": "order", "reason": _("Ordering by people's votes needs a study.")})
    elif found.order not in ("", BY_RANK, *(found.metrics or METRICS)):
        faults.append({"field": "order", "reason": _("must be rank or one of the metrics")})
    return found


@transaction.atomic
def change_leaderboard(
    *,
    actor: User,
    leaderboard: Leaderboard,
    members: Sequence[str] | None = None,
    **fields: Any,
) -> Leaderboard:
    """Name, description, visibility and members: who may read, not what is compared."""
    faults: list[FieldError] = []
    people = _people(members, faults) if members is not None else None
    if faults:
        raise BadInput(_("This can't be saved."), errors=faults)
    for name, value in fields.items():
        setattr(leaderboard, name, value)
    leaderboard.save(update_fields=["name", "description", "visibility"])
    if people is not None:
        leaderboard.members.set(people)
    changed = {**fields, **({"members": sorted(members or [])} if members is not None else {})}
    record(actor=actor, verb="leaderboard.change", obj=leaderboard, data=changed)
    return leaderboard


@transaction.atomic
def build_snapshot(*, leaderboard: Leaderboard) -> Snapshot | None:
    """A new snapshot and its webhooks' messages, or None when nothing that it rests on has changed."""
    leaderboard = (
        Leaderboard.objects.select_for_update(of=("self",)).select_related("evalset", "study").get(pk=leaderboard.pk)
    )
    inputs = inputs_of(leaderboard)
    sha256 = inputs.sha256
    current = leaderboard.current
    if current is not None and current.sha256 == sha256:
        return None
    tables = {key: _table(inputs, *key) for key in inputs.definition.slices}
    snapshot = Snapshot.objects.create(
        leaderboard=leaderboard,
        number=current.number + 1 if current else 1,
        sha256=sha256,
        definition=inputs.definition.as_json(),
        inputs=inputs.listed(),
        left_out=tables["", ""].left_out,
    )
    shown = [*inputs.origins, *(origin for one in inputs.further for origin in one["systems"])]
    snapshot.systems.set(System.objects.filter(uuid__in=[origin["system"] for origin in shown]))
    SnapshotSlice.objects.bulk_create(
        [_slice(leaderboard, snapshot, inputs, key, found) for key, found in tables.items()]
    )
    leaderboard.current = snapshot
    leaderboard.save(update_fields=["current"])
    record(
        actor=None, verb="leaderboard.publish", obj=leaderboard, data={"snapshot": snapshot.number, "sha256": sha256}
    )
    _announce(leaderboard, snapshot)
    return snapshot


def _table(inputs: Inputs, language: str, category: str) -> Table:
    human = inputs.study.human[language, category] if inputs.study else {}
    scores = inputs.scores.get((language, category), ())
    return table(inputs.definition, language, inputs.entries, scores, human)


def _slice(
    leaderboard: Leaderboard, snapshot: Snapshot, inputs: Inputs, key: tuple[str, str], found: Table
) -> SnapshotSlice:
    language, category = key
    head = {
        "leaderboard": leaderboard.slug,
        "name": leaderboard.name,
        "snapshot": snapshot.number,
        "sha256": snapshot.sha256,
        "created_at": timezone.localtime(snapshot.created_at, timezone=timezone.get_default_timezone()).isoformat(),
        "language": language or None,
        "category": category or None,
        "slices": {"languages": list(inputs.definition.languages), "categories": list(inputs.definition.categories)},
        "order": found.order,
        "evalset": dict(inputs.evalset),
        "study": _study(inputs, key),
        "left_out": found.left_out,
    }
    json, csv = json_body(head, found.columns, found.rows), csv_body(found.columns, found.rows)
    return SnapshotSlice(
        snapshot=snapshot,
        language=language,
        category=category,
        head=head | {"columns": found.columns},
        rows=found.rows,
        json=json,
        json_etag=etag_of(json),
        csv=csv,
        csv_etag=etag_of(csv),
    )


def _study(inputs: Inputs, key: tuple[str, str]) -> dict[str, Any] | None:
    if inputs.study is None:
        return None
    return {**inputs.study.about, **inputs.study.details[key]}


def _announce(leaderboard: Leaderboard, snapshot: Snapshot) -> None:
    for webhook in leaderboard.webhooks.filter(active=True):
        jobs.deliver(Delivery.objects.create(webhook=webhook, snapshot=snapshot))
