"""Claim, keep, answer and give back: the same for annotation and for rating.

Every function takes the concrete assignment model and does one short transaction. What is exact is held by the
database's constraints; a lost race shows as an IntegrityError and is tried again.
"""

import hashlib
import json
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sftlab import prepared
from sftlab.errors import Conflict, Missing
from sftlab.work.models import AbstractAssignment, AbstractSlot
from sftlab.work.sql import related, statements

A = TypeVar("A", bound=AbstractAssignment)
R = TypeVar("R")
State = AbstractAssignment.State
Lanes = Callable[[int], Sequence[str]]

TRIES = 8


class Lost(Conflict):
    """The slot went to somebody else while the lease had run out. The answer is kept as the assignment's draft."""

    default_code = "lost"


@dataclass(frozen=True)
class _Held:
    last_serial: int
    current: int | None
    ahead: int | None


def claim(
    model: type[A],
    *,
    pool_id: int,
    person_id: int,
    lease: timedelta,
    lanes: Lanes,
    skills: Sequence[str] = (),
    ahead: bool = False,
    lone: Collection[str] = (),
) -> A | None:
    """The person's next assignment, or None when there is nothing for them.

    A lease they hold is resumed; `ahead` asks for the one they may hold besides it, which a later claim makes current.
    `lanes(n)` names the lanes that their n-th assignment may come from, the most wanted first; `lone` are those whose
    items have a single slot each, so that nothing there is ever closer to completion.
    """
    taken = {"pool": pool_id, "person": person_id, "lease": lease, "skills": ["", *skills], "lone": lone}
    for attempt in range(TRIES):
        try:
            with _own_statements():
                found = _claim_once(model, taken, lanes, ahead)
                if found is not None:
                    return found
                if not _left(model, taken, lanes):
                    return None
        except IntegrityError:
            pass
        time.sleep(0.005 * attempt)
    return None


def _own_statements() -> AbstractContextManager[None]:
    """Each statement of a claim is a decision of its own and needs no transaction around it; inside one that the
    caller holds, a savepoint keeps a lost race from breaking it."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


def _claim_once(model: type[A], taken: dict[str, Any], lanes: Lanes, ahead: bool) -> A | None:
    held = _look(model, taken)
    own = held.ahead if ahead else held.current or held.ahead
    if own is not None:
        renewed = _one(model, statements(model).renew, {"lease": taken["lease"], "id": own, "ahead": ahead})
        if renewed is None:
            raise IntegrityError("the lease ended between two statements")
        return renewed
    serial = held.last_serial + 1
    for lane in lanes(serial):
        values = {**_only(taken, "pool", "person", "lease", "skills"), "lane": lane, "serial": serial, "ahead": ahead}
        near, fresh, any_ = statements(model).take
        for take in (any_,) if lane in taken["lone"] else (near, fresh, any_):
            found = _one(model, take, values)
            if found is not None:
                return found
    return None


def _look(model: type[A], taken: dict[str, Any]) -> _Held:
    last, current, ahead = prepared.rows(statements(model).look, _only(taken, "pool", "person"))[0]
    return _Held(last or 0, current, ahead)


def _left(model: type[A], taken: dict[str, Any], lanes: Lanes) -> bool:
    """Whether something is free after all: then others held it for a moment only."""
    asked = list(lanes(_look(model, taken).last_serial + 1))
    values = {**_only(taken, "pool", "person", "skills"), "lanes": asked}
    return bool(prepared.rows(statements(model).left, values)[0][0])


def _one(model: type[A], sql: str, values: dict[str, Any]) -> A | None:
    """The assignment with its item, and its pool where the statement asks for it."""
    row = prepared.row(sql, values)
    if row is None:
        return None
    item, pool = related(model, "item"), related(model, "pool")
    first, second = prepared.width(model), prepared.width(model) + prepared.width(item)
    found = prepared.made(model, row[:first])
    found.item = prepared.made(item, row[first:second])
    if len(row) > second:
        found.pool = prepared.made(pool, row[second:])
    return found


def _only(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: values[name] for name in names}


def heartbeat(model: type[A], *, uuid: UUID, person_id: int, lease: timedelta) -> datetime:
    """Renews all the person holds in the pool; the new expiry. Raises Lost when this lease is no longer theirs."""
    held = get(model, uuid=uuid, person_id=person_id)
    values = {"pool": held.pool_id, "person": person_id, "lease": lease}
    renewed: dict[int, datetime] = dict(prepared.rows(statements(model).heartbeat, values))
    if held.pk not in renewed:
        raise _lost(held)
    return renewed[held.pk]


def get(model: type[A], *, uuid: UUID, person_id: int) -> A:
    found = model._default_manager.filter(uuid=uuid, person_id=person_id).first()
    if found is None:
        raise Missing(_("There is no such assignment."))
    return found


def save_draft(model: type[A], *, uuid: UUID, person_id: int, draft: Any) -> bool:
    """Keeps a draft, also of a lease that was lost; whether the lease is still live. Raises Conflict once answered."""
    held = get(model, uuid=uuid, person_id=person_id)
    changed = model._default_manager.filter(pk=held.pk).exclude(state=State.SUBMITTED).update(draft=draft)
    if not changed or held.state == State.SUBMITTED:
        raise Conflict(_("This has been submitted already."), code="already_submitted")
    return bool(held.state == State.LIVE)


def body_hash(body: Any) -> str:
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def submit(
    model: type[A],
    *,
    uuid: UUID,
    person_id: int,
    key: str,
    body: Any,
    save: Callable[[A], R],
    replay: Callable[[A], R],
) -> tuple[R, bool]:
    """Closes the slot and calls `save(assignment)` for what the app keeps, in one transaction; at most once.

    Said again with the same body, nothing is written and `replay(assignment)` answers: `(answer, False)`. Another body
    is a Conflict. Late, it is taken while the slot is still free; else Lost is raised and the body kept as the draft.
    """
    digest = body_hash(body)
    try:
        with transaction.atomic():
            assignment = _locked(model, uuid, person_id)
            if assignment.state == State.SUBMITTED:
                _check_same(assignment, key, digest)
                return replay(assignment), False
            _reserve(assignment)
            _finish(assignment, key, digest)
            return save(assignment), True
    except Lost:
        keep_lost(model, uuid=uuid, person_id=person_id, body=body)
        raise


def _locked(model: type[A], uuid: UUID, person_id: int) -> A:
    found = _one(model, statements(model).lock, {"uuid": uuid, "person": person_id})
    if found is None:
        raise Missing(_("There is no such assignment."))
    return found


def _check_same(assignment: AbstractAssignment, key: str, digest: str) -> None:
    if assignment.body_hash == digest and key in ("", assignment.key):
        return
    if key and key == assignment.key:
        raise Conflict(_("This key was used for another answer."), code="key_reused")
    raise Conflict(_("This has been submitted already."), code="already_submitted")


def _reserve(assignment: AbstractAssignment) -> None:
    """A live lease holds its slot; a late one must find it free, and not hold the item through another lease."""
    if assignment.state == State.LIVE:
        return
    if State.SUBMITTED not in assignment.MOVES[assignment.state]:
        raise _lost(assignment)
    slots: Any = related(type(assignment), "slot")
    # All that is free of the item, in one order: an answer that comes at the same time locks its siblings too.
    free = slots._default_manager.filter(item_id=assignment.item_id, state=AbstractSlot.State.FREE)
    locked = {slot.pk: slot for slot in free.order_by("pk").select_for_update()}
    slot = locked.get(assignment.slot_id)
    if slot is None or slot.assigned_to_id not in (None, assignment.person_id):
        raise _lost(assignment)


def _finish(assignment: AbstractAssignment, key: str, digest: str) -> None:
    values = {
        "id": assignment.pk,
        "slot": assignment.slot_id,
        "item": assignment.item_id,
        "key": key,
        "body_hash": digest,
    }
    try:
        prepared.rows(statements(type(assignment)).finish, values)
    except IntegrityError as error:
        raise _lost(assignment) from error
    assignment.state, assignment.key, assignment.body_hash = State.SUBMITTED, key, digest
    assignment.submitted_at, assignment.draft = timezone.now(), None


def _lost(assignment: AbstractAssignment) -> Conflict:
    if assignment.submitted_at is not None:
        return Conflict(_("This has been submitted already."), code="already_submitted")
    return Lost(_("The lease ran out and the place went to somebody else. Your text is kept as a draft."))


def keep_lost(model: type[A], *, uuid: UUID, person_id: int, body: Any) -> None:
    """What was lost stays readable, and comes back in the lease that the person may by now hold on the same item."""
    mine = model._default_manager.filter(person_id=person_id)
    mine.filter(uuid=uuid).exclude(state=State.SUBMITTED).update(draft=body)
    again = mine.filter(uuid=uuid).values("item_id")
    mine.filter(item_id__in=again, state=State.LIVE, draft=None).update(draft=body)


@transaction.atomic
def give_back(model: type[A], *, uuid: UUID, person_id: int, state: str, reason: str = "") -> A:
    """Skip or release: the slot is free at once, the draft is kept. Said twice, it changes nothing."""
    assignment = _locked(model, uuid, person_id)
    if assignment.state != state:
        if assignment.state in (State.EXPIRED, State.RELEASED):
            _relabel(assignment, state, reason)
        else:
            end(assignment, state=state, reason=reason)
    return assignment


def _relabel(assignment: AbstractAssignment, state: str, reason: str) -> None:
    """A skip that comes after the lease ran out still says that this person doesn't want the item."""
    if state == State.SKIPPED:
        assignment.state, assignment.reason = state, reason
        assignment.save(update_fields=["state", "reason"])


def end(
    assignment: AbstractAssignment,
    *,
    state: str,
    reason: str = "",
    assign_to: int | None = None,
    draft: Any = None,
) -> None:
    """Moves a live or submitted assignment on and frees its slot, for `assign_to` alone if it is given.

    The caller holds the row's lock. Raises Conflict for a move that the table does not have.
    """
    if state not in assignment.MOVES[assignment.state]:
        raise Conflict(
            _("This assignment is %(state)s: that can't be done to it.") % {"state": assignment.get_state_display()}  # type: ignore[attr-defined]
        )
    assignment.state, assignment.reason = state, reason
    fields = ["state", "reason"]
    if draft is not None:
        assignment.draft = draft
        fields.append("draft")
    assignment.save(update_fields=fields)
    slots: Any = related(type(assignment), "slot")
    values = {"slot": assignment.slot_id, "assign_to": assign_to, "personal": list(slots.PERSONAL)}
    prepared.rows(statements(type(assignment)).free, values)


@transaction.atomic
def release_all(model: type[A], *, pool_id: int, person_id: int, reason: str) -> int:
    """Gives back all the person holds in the pool, drafts kept; how many."""
    held = list(
        model._default_manager.select_for_update()
        .filter(pool_id=pool_id, person_id=person_id, state=State.LIVE)
        .order_by("pk")
    )
    for assignment in held:
        end(assignment, state=State.RELEASED, reason=reason)
    return len(held)
