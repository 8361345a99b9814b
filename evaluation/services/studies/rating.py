"""Raters at work: claim, keep, answer, take back. Leases and exactness are `sftlab.work`'s."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Case, IntegerField, Q, QuerySet, Sum, Value, When
from django.utils.translation import gettext as _

from evaluation.models.studies import Presentation, Rating, Study, StudyMember, Unit, Vote
from evaluation.rating_answers import AnswerError, judgement
from evaluation.services.studies import checks
from evaluation.services.studies.members import has_seen
from sftlab import jsonb
from sftlab.accounts.models import User
from sftlab.audit.services import record
from sftlab.errors import BadInput, Conflict, Missing, NotPermitted, TooLarge
from sftlab.work import leases

State = Rating.State
Standing = StudyMember.Standing
LARGEST_DRAFT = 100_000
LANES = {Standing.QUALIFYING: ["qualify"], Standing.ACTIVE: ["check", "work"]}


def lease_of(study: Study) -> timedelta:
    return timedelta(minutes=int(study.config["lease_minutes"]))


def rater_of(*, user: User, study: Study) -> StudyMember:
    """Raises NotPermitted for a rater who is paused, not qualified or has seen who wrote what."""
    member = study.members.filter(user=user, role=StudyMember.Role.RATER).first()
    if member is None:
        raise NotPermitted(_("You don't rate in this study."), code="not_a_rater")
    if member.standing == Standing.PAUSED:
        raise NotPermitted(
            _("You are paused in this study. Somebody will look at it and tell you."), code=Standing.PAUSED
        )
    if member.excluded_at is not None:
        raise NotPermitted(_("You are paused in this study. Somebody will look at it and tell you."), code="paused")
    if member.standing == Standing.REFUSED:
        raise NotPermitted(_("You did not pass this study's questions."), code="not_qualified")
    if has_seen(user=user, study=study):
        raise NotPermitted(_("You know more than a blind rater may. Thank you for your ratings."), code="exposed")
    return member


def check_open(study: Study) -> None:
    if not study.is_open:
        raise Conflict(_("This study is closed. Thank you for your ratings."), code="closed")


def claim(*, user: User, study: Study, ahead: bool = False) -> Rating | None:
    """The rater's next presentation, or the one they hold; None when nothing is left for them."""
    check_open(study)
    member = rater_of(user=user, study=study)
    return _claim(user, study, LANES[Standing(member.standing)], ahead)


@transaction.atomic
def _claim(user: User, study: Study, lanes: Sequence[str], ahead: bool) -> Rating | None:
    rating = leases.claim(
        Rating, pool_id=study.pk, person_id=user.pk, lease=lease_of(study), lanes=lambda serial: lanes, ahead=ahead
    )
    if rating is not None and not rating.settled:
        _settle_sides(rating)
    return rating


def _settle_sides(rating: Rating) -> None:
    """Of the unit's free presentations the one that keeps this rater's sides balanced on this pair; then it stays."""
    presentation = rating.slot
    wanted = _less_seen(rating)
    kept = rating.draft is not None  # a vote taken back comes again as it was seen
    if presentation.lane == "work" and not kept and wanted is not None and wanted != presentation.swapped:
        other = (
            Presentation.objects.select_for_update(skip_locked=True)
            .filter(item=presentation.item_id, state=Presentation.State.FREE, assigned_to=None, swapped=wanted)
            .order_by("pk")
            .first()
        )
        if other is not None:
            _exchange(rating, presentation, other)
    rating.settled = True
    rating.save(update_fields=["settled", "slot"])


def _exchange(rating: Rating, held: Presentation, other: Presentation) -> None:
    """The two trade places, `closeness` included: a sibling's is the same while both are free."""
    Presentation.objects.filter(pk=held.pk).update(state=held.State.FREE, closeness=other.closeness)
    Presentation.objects.filter(pk=other.pk).update(state=other.State.HELD)
    rating.slot = other


def _less_seen(rating: Rating) -> bool | None:
    """Whether this rater should next see the pair swapped; None when it does not matter."""
    unit = rating.item
    if unit.second is None:
        return None
    mine = Rating.objects.filter(
        pool=rating.pool_id,
        person=rating.person_id,
        state__in=[State.LIVE, State.SUBMITTED],
        item__kind=Unit.Kind.ORDINARY,
        item__first__system=unit.first.system_id,
        item__second__system=unit.second.system_id,
    ).exclude(pk=rating.pk)
    side = Case(When(slot__swapped=True, then=Value(1)), default=Value(-1), output_field=IntegerField())
    balance = mine.aggregate(balance=Sum(side))["balance"] or 0
    return None if balance == 0 else balance < 0


def _rating(user: User, uuid: UUID) -> Rating:
    found = Rating.objects.select_related("pool").filter(uuid=uuid, person=user).first()
    if found is None:
        raise Missing(_("There is no such rating."))
    return found


def save_draft(*, user: User, uuid: UUID, draft: Any) -> bool:
    """Whether the lease is still live."""
    jsonb.check(draft, "draft")
    if len(json.dumps(draft)) > LARGEST_DRAFT:
        raise TooLarge(_("This draft is too large."))
    check_open(_rating(user, uuid).pool)
    return leases.save_draft(Rating, uuid=uuid, person_id=user.pk, draft=draft)


def heartbeat(*, user: User, uuid: UUID) -> None:
    study = _rating(user, uuid).pool
    check_open(study)
    leases.heartbeat(Rating, uuid=uuid, person_id=user.pk, lease=lease_of(study))


def skip(*, user: User, uuid: UUID, reason: str = "") -> None:
    jsonb.check(reason, "reason")
    check_open(_rating(user, uuid).pool)
    leases.give_back(Rating, uuid=uuid, person_id=user.pk, state=State.SKIPPED, reason=reason)


def submit(*, user: User, uuid: UUID, key: str, body: Mapping[str, Any]) -> tuple[Vote, bool]:
    """Saves the vote once; whether it was new. Raises BadInput with every fault."""
    jsonb.check(dict(body), "")
    study = _rating(user, uuid).pool
    parsed = _parsed(study, body)

    def save(rating: Rating) -> Vote:
        _hold_open(study)
        rater_of(user=user, study=study)
        vote = Vote.objects.create(
            study=study,
            rating=rating,
            presentation_id=rating.slot_id,
            unit_id=rating.item_id,
            rater=user,
            scripted=user.scripted,
            **vars(parsed),
        )
        checks.after_vote(study=study, rater=user, vote=vote)
        return vote

    return leases.submit(
        Rating,
        uuid=uuid,
        person_id=user.pk,
        key=key,
        body=dict(body),
        save=save,
        replay=lambda rating: Vote.objects.get(rating=rating),
    )


def _parsed(study: Study, body: Mapping[str, Any]) -> Any:
    try:
        return judgement(
            body,
            compares=study.compares,
            scores=study.scores,
            dimensions=[one["key"] for one in study.dimensions],
        )
    except AnswerError as error:
        raise BadInput(_("This answer has faults."), errors=error.errors) from error


def _hold_open(study: Study) -> None:
    """A shared lock: votes go in side by side, closing waits for them, and none comes after."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT status FROM evaluation_study WHERE id = %s FOR SHARE", [study.pk])
        study.status = cursor.fetchone()[0]
    check_open(study)


@transaction.atomic
def undo(*, user: User, uuid: UUID) -> Rating:
    """Takes the last vote back, until the next is cast: the same comparison comes again, with the vote as its draft."""
    rating = _rating(user, uuid)
    study = rating.pool
    _hold_open(study)
    rater_of(user=user, study=study)
    rating = Rating.objects.select_for_update(of=("self",)).get(pk=rating.pk)
    vote = _undoable(rating)
    leases.release_all(Rating, pool_id=study.pk, person_id=user.pk, reason="undo")
    body = _body(vote)
    leases.end(rating, state=State.RETURNED, assign_to=user.pk, draft=body, reason="undo")
    record(actor=user, verb="rating.undo", obj=rating, data=body)
    vote.delete()
    again = _claim(user, study, [rating.slot.lane], False)
    if again is None:
        raise Conflict(_("This vote can't be taken back any more."), code="too_late")
    return again


def _undoable(rating: Rating) -> Vote:
    vote = Vote.objects.filter(rating=rating).first()
    if rating.slot.lane == "qualify":
        raise Conflict(_("The questions before a study are answered once."), code="too_late")
    if rating.state != State.SUBMITTED or vote is None or _cast_later(rating).exists():
        raise Conflict(_("Only your last vote can be taken back, until you cast the next."), code="too_late")
    return vote


def _cast_later(rating: Rating) -> QuerySet[Rating]:
    """Also votes taken back since: each can be undone until the next was cast, and no further."""
    after = Q(submitted_at__gt=rating.submitted_at) | Q(submitted_at=rating.submitted_at, serial__gt=rating.serial)
    return Rating.objects.filter(after, pool=rating.pool_id, person=rating.person_id)


def _body(vote: Vote) -> dict[str, Any]:
    names = ("choice", "scores", "reasons", "comment", "harmful", "lead_time", "layout")
    return {name: getattr(vote, name) for name in names}
