"""Hidden checks and what follows from them. They are extra presentations, outside ranking and counts."""

import random
from collections.abc import Sequence
from typing import Any

from django.db.models import Max, Q
from django.utils.translation import gettext as _

from evaluation.hidden_checks import FIRST_REPEAT_AFTER, is_due, kinds_in_turn, passed, same_again, spoil
from evaluation.models import EvalItem
from evaluation.models.studies import Answer, Presentation, Rating, Study, StudyMember, Unit, Vote
from sftlab import jsonb
from sftlab.accounts.models import User
from sftlab.audit.services import record
from sftlab.errors import BadInput, Conflict
from sftlab.work import leases

Kind = Unit.Kind
Standing = StudyMember.Standing
MADE_BY_ITSELF = 30
"""At most so many questions with known answers are made from the set's references."""
TRIES = 20

OTHER_QUESTION = {"en": "The other text answers a different question.", "zh": "另一段文字回答的是别的问题。"}
WRONG_QUESTION = {"en": "This text answers a different question.", "zh": "这段文字回答的是别的问题。"}
GOOD_ANSWER = {"en": "This text answers the question well.", "zh": "这段文字很好地回答了问题。"}


def add_known(
    *, study: Study, item: EvalItem, good: str, bad: str, why: dict[str, str], qualifying: bool, swapped: bool
) -> Unit:
    """A question whose answer is known. Alone, the good text is shown, or the bad one if `swapped`."""
    texts = [good, bad] if study.compares else [bad if swapped else good]
    answers = [Answer.objects.create(study=study, item=item, text=text) for text in texts]
    winner = "other" if not study.compares and swapped else "first"
    return Unit.objects.create(
        study=study,
        item=item,
        first=answers[0],
        second=answers[1] if study.compares else None,
        kind=Kind.KNOWN,
        expected={"winner": winner, "why": why},
        qualifying=qualifying,
    )


def make_known(*, study: Study, items: Sequence[EvalItem]) -> None:
    """From the set's references: the item's own against another item's, so that even the admin need write none."""
    with_text = [item for item in items if item.references and str(item.references[0]).strip()]
    wanted = int(study.config["qualify"])
    if len(with_text) < 2 or not (wanted or study.config["check_rate"]):
        return
    draw = random.Random(f"known {study.seed}")  # noqa: S311 - recorded, to be repeated
    draw.shuffle(with_text)
    sampled = set(study.units.values_list("item_id", flat=True))
    with_text.sort(key=lambda item: item.pk in sampled)
    for place, item in enumerate(with_text[: max(MADE_BY_ITSELF, wanted)]):
        other = _of_other_question(with_text, place, item)
        if other is None:
            continue
        alone = WRONG_QUESTION if place % 2 else GOOD_ANSWER
        add_known(
            study=study,
            item=item,
            good=str(item.references[0]),
            bad=str(other.references[0]),
            why=OTHER_QUESTION if study.compares else alone,
            qualifying=place < wanted,
            swapped=bool(place % 2),
        )


def _of_other_question(items: Sequence[EvalItem], place: int, item: EvalItem) -> EvalItem | None:
    """Of the same language where there is one, or the language alone would tell."""
    rest = [*items[place + 1 :], *items[:place]]
    return next((other for other in rest if other.language == item.language and other.turns != item.turns), None)


def add_checks(*, actor: User, study: Study, rows: Sequence[dict[str, Any]]) -> int:
    """Questions written by an admin: `{item, good, bad, why: {en, zh}, qualifying}`; how many were added."""
    if not study.is_open:
        raise Conflict(_("This study is closed."), code="closed")
    jsonb.check(list(rows), "")
    items = {item.key: item for item in study.evalset.items.filter(key__in=[row["item"] for row in rows])}
    unknown = [
        {"field": f"[{place}].item", "reason": _("there is no such item in the set")}
        for place, row in enumerate(rows)
        if row["item"] not in items
    ]
    if unknown:
        raise BadInput(_("These questions can't be added."), errors=unknown)  # type: ignore[arg-type]
    for place, row in enumerate(rows):
        why = row.get("why") or {"en": "", "zh": ""}
        add_known(
            study=study,
            item=items[row["item"]],
            good=row["good"],
            bad=row["bad"],
            why=why,
            qualifying=bool(row.get("qualifying")),
            swapped=bool(place % 2),
        )
    record(actor=actor, verb="study.checks", obj=study, data={"added": len(rows)})
    return len(rows)


def start_qualifying(*, study: Study, member: StudyMember) -> None:
    """Hands a new rater the study's questions. Raises Conflict when it has too few."""
    wanted = int(study.config["qualify"])
    if not wanted:
        return
    units = list(Unit.objects.filter(study=study, kind=Kind.KNOWN, qualifying=True).order_by("pk")[:wanted])
    if len(units) < wanted:
        raise Conflict(_("The study asks new raters %(n)s questions and has too few.") % {"n": wanted})
    for place, unit in enumerate(units):
        _hand(unit, member.user, lane="qualify", swapped=study.compares and _coin(study, member.user, place))
    StudyMember.objects.filter(pk=member.pk).update(standing=Standing.QUALIFYING)
    member.standing = Standing.QUALIFYING


def _hand(unit: Unit, rater: User, *, lane: str, swapped: bool) -> None:
    Unit.objects.select_for_update().get(pk=unit.pk)
    number = (unit.presentations.aggregate(last=Max("number"))["last"] or 0) + 1
    Presentation.objects.create(
        pool=unit.study, item=unit, number=number, lane=lane, swapped=swapped, ord=unit.pk, assigned_to=rater
    )


def _coin(study: Study, rater: User, place: int) -> bool:
    return random.Random(f"side {study.seed} {rater.pk} {place}").random() < 0.5  # noqa: S311


def after_vote(*, study: Study, rater: User, vote: Vote) -> None:
    """In the vote's transaction: judge a check, move the rater's standing, and hand out the next check when due."""
    unit = Unit.objects.select_related("of").get(pk=vote.unit_id)
    if unit.kind == Kind.ORDINARY:
        _maybe_check(study, rater)
        return
    vote.passed = _verdict(study, unit, vote)
    vote.save(update_fields=["passed"])
    member = StudyMember.objects.select_for_update().get(study=study, user=rater)
    if vote.presentation.lane == "qualify":
        _end_qualifying(study, member)
    elif unit.kind in (Kind.KNOWN, Kind.DEGRADED):
        _maybe_pause(study, member)


def _maybe_check(study: Study, rater: User) -> None:
    mine = Vote.objects.filter(study=study, rater=rater)
    votes = mine.filter(unit__kind=Kind.ORDINARY).count()
    if not is_due(seed=study.seed, rater=rater.pk, votes=votes, rate=study.config["check_rate"]):
        return
    if Presentation.objects.filter(pool=study, lane="check", assigned_to=rater).exclude(state="done").exists():
        return
    done = mine.exclude(unit__kind=Kind.ORDINARY).exclude(presentation__lane="qualify").count()
    makers = {"known": _known, "degraded": _degraded, "repeat": _repeat, "swapped": _swapped}
    for kind in kinds_in_turn(seed=study.seed, rater=rater.pk, done=done):
        if makers[kind](study, rater, votes):
            return


def _known(study: Study, rater: User, votes: int) -> bool:
    """On an item that they have judged, if there is one: the good text would prime them for the others."""
    seen = Rating.objects.filter(pool=study, person=rater).values("item")
    units = Unit.objects.filter(study=study, kind=Kind.KNOWN, qualifying=False).exclude(pk__in=seen).order_by("pk")
    judged = Vote.objects.filter(study=study, rater=rater).values("unit__item")
    unit = _any(units.filter(item__in=judged), study, rater, votes) or _any(units, study, rater, votes)
    if unit is not None:
        _hand(unit, rater, lane="check", swapped=study.compares and _coin(study, rater, votes))
    return unit is not None


def _degraded(study: Study, rater: User, votes: int) -> bool:
    """A spoilt copy of an answer they have met, against the answer itself where two are compared."""
    for vote in _older_votes(study, rater):
        unit = vote.unit
        spoilt = spoil(unit.first.text, seed=study.seed + votes)
        if spoilt is None or Answer.objects.filter(study=study, text=spoilt).exists():
            continue
        copy = Answer.objects.create(study=study, item=unit.item, text=spoilt)
        made = Unit.objects.create(
            study=study,
            item=unit.item,
            first=unit.first if study.compares else copy,
            second=copy if study.compares else None,
            kind=Kind.DEGRADED,
            expected={"winner": "first" if study.compares else "other", "lenient": True},
        )
        _hand(made, rater, lane="check", swapped=study.compares and _coin(study, rater, votes))
        return True
    return False


def _older_votes(study: Study, rater: User) -> list[Vote]:
    cast = Vote.objects.filter(study=study, rater=rater, unit__kind=Kind.ORDINARY).order_by("-pk")
    old = cast.select_related("unit__item", "unit__first", "unit__second", "presentation")
    return list(old[FIRST_REPEAT_AFTER : FIRST_REPEAT_AFTER + TRIES])


def _repeat(study: Study, rater: User, votes: int) -> bool:
    return _again(study, rater, votes, Kind.REPEAT)


def _swapped(study: Study, rater: User, votes: int) -> bool:
    return study.compares and _again(study, rater, votes, Kind.SWAPPED)


def _again(study: Study, rater: User, votes: int, kind: str) -> bool:
    repeated = set(
        Unit.objects.filter(study=study, of__isnull=False, presentations__assigned_to=rater).values_list(
            "of", flat=True
        )
    )
    vote = _any([one for one in _older_votes(study, rater) if one.unit_id not in repeated], study, rater, votes)
    if vote is None:
        return False
    unit = vote.unit
    made = Unit.objects.create(study=study, item=unit.item, first=unit.first, second=unit.second, kind=kind, of=unit)
    _hand(made, rater, lane="check", swapped=vote.presentation.swapped != (kind == Kind.SWAPPED))
    return True


def _any(found: Any, study: Study, rater: User, votes: int) -> Any:
    choices = list(found[:TRIES])
    return random.Random(f"which {study.seed} {rater.pk} {votes}").choice(choices) if choices else None  # noqa: S311


def _verdict(study: Study, unit: Unit, vote: Vote) -> bool | None:
    if unit.expected is not None:
        return passed(unit.expected, winner=_winner(vote), scores=vote.scores, compares=study.compares)
    before = Vote.objects.select_related("presentation").get(unit=unit.of, rater=vote.rater)
    return same_again(_by_answer(before), _by_answer(vote), [_winner(before), _winner(vote)])


def _winner(vote: Vote) -> str:
    if vote.choice not in ("left", "right"):
        return vote.choice
    return "first" if (vote.choice == "left") != vote.presentation.swapped else "second"


def _by_answer(vote: Vote) -> dict[str, Any]:
    names = {"left": "second", "right": "first"} if vote.presentation.swapped else {"left": "first", "right": "second"}
    return {names[side]: scores for side, scores in vote.scores.items()}


def _end_qualifying(study: Study, member: StudyMember) -> None:
    answered = Vote.objects.filter(study=study, rater=member.user, presentation__lane="qualify")
    if answered.count() < int(study.config["qualify"]):
        return
    share = answered.filter(passed=True).count() / answered.count()
    _stand(study, member, Standing.ACTIVE if share >= study.config["qualify_share"] else Standing.REFUSED)


def _maybe_pause(study: Study, member: StudyMember) -> None:
    last = list(
        Vote.objects.filter(study=study, rater=member.user, passed__isnull=False)
        .filter(Q(unit__kind=Kind.KNOWN) | Q(unit__kind=Kind.DEGRADED))
        .exclude(presentation__lane="qualify")
        .order_by("-pk")
        .values_list("passed", flat=True)[: study.config["pause_after"]]
    )
    if len(last) == study.config["pause_after"] and sum(map(bool, last)) / len(last) < study.config["pause_below"]:
        _stand(study, member, Standing.PAUSED)


def _stand(study: Study, member: StudyMember, standing: str) -> None:
    StudyMember.objects.filter(pk=member.pk).update(standing=standing)
    record(actor=None, verb="study.standing", obj=study, data={"rater": member.alias, "standing": standing})
    if standing == Standing.PAUSED:
        leases.release_all(Rating, pool_id=study.pk, person_id=member.user_id, reason="paused")


def feedback_of(vote: Vote) -> dict[str, Any] | None:
    """Only the questions before a study give feedback; a hidden check must not show that it was one."""
    if vote.presentation.lane != "qualify":
        return None
    return {"passed": bool(vote.passed), "why": (vote.unit.expected or {}).get("why", {})}
