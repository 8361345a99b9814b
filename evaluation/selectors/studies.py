"""Reads of studies. What a rater may see and what tells systems apart are in separate functions, on purpose."""

from typing import Any
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from evaluation.models.studies import Presentation, Rating, Study, StudyMember, StudyResult, Unit, Vote
from evaluation.study_pace import WINDOW, Pace, pace
from sftlab.accounts.models import User
from sftlab.errors import Missing

Role = StudyMember.Role


def slice_key(language: str | None, category: str | None) -> str:
    return f"{language or ''}|{category or ''}"


def studies_of(user: User) -> QuerySet[Study]:
    found = Study.objects.select_related("evalset")
    return found if user.is_admin else found.filter(members__user=user).distinct()


def get_study(*, user: User, uuid: UUID) -> Study:
    """Raises Missing also for whoever has no part in it."""
    found = studies_of(user).filter(uuid=uuid).first()
    if found is None:
        raise Missing(_("There is no such study."))
    return found


def get_member(study: Study, uuid: UUID) -> StudyMember:
    found = study.members.select_related("user").filter(uuid=uuid).first()
    if found is None:
        raise Missing(_("There is no such member."))
    return found


def may_manage(user: User, study: Study) -> bool:
    return user.is_admin or study.members.filter(user=user, role=Role.MANAGER).exists()


def rates_in(user: User, study: Study) -> bool:
    return study.members.filter(user=user, role=Role.RATER).exists()


# For raters: nothing below may tell systems apart.


def rated_by(user: User) -> QuerySet[Study]:
    """Open studies that wait for this person's ratings."""
    return Study.objects.filter(status=Study.Status.OPEN, members__user=user, members__role=Role.RATER).order_by(
        "created_at"
    )


def shown(rating: Rating) -> dict[str, Any]:
    """All a rater gets of a comparison. The same keys in the same order whatever is compared."""
    presentation = rating.slot
    right = presentation.right
    return {
        "rating": str(rating.uuid),
        "prompt": [{"role": turn["role"], "content": turn["content"]} for turn in rating.item.item.turns],
        "left": presentation.left.text,
        "right": None if right is None else right.text,
        "draft": rating.draft,
    }


def load_shown(rating: Rating) -> Rating:
    return Rating.objects.select_related("pool", "item__item", "slot__item__first", "slot__item__second").get(
        pk=rating.pk
    )


def undoable(study: Study, user: User) -> str:
    """The rating whose vote may be taken back: their last, unless it was taken back already. "" for none."""
    cast = Rating.objects.filter(pool=study, person=user, submitted_at__isnull=False)
    last = cast.select_related("slot").order_by("-submitted_at", "-serial").first()
    if last is None or last.state != Rating.State.SUBMITTED or last.slot.lane == "qualify":
        return ""
    return str(last.uuid)


def rater_view(study: Study, user: User) -> dict[str, Any]:
    """What a rater may know of a study: what to do, and how far they are."""
    return {
        "id": str(study.uuid),
        "name": study.name,
        "instructions": study.instructions,
        "design": study.design,
        "dimensions": study.dimensions,
        "status": study.status,
        "mine": mine(study, user),
    }


def mine(study: Study, user: User) -> dict[str, int]:
    """Their own ratings and about how many may still come. Checks are counted in, and with checks about the rest is
    rounded up: counted apart, or to the unit, it would give them away."""
    held = Rating.objects.filter(pool=study, person=user, state=Rating.State.LIVE).count()
    done = Rating.objects.filter(pool=study, person=user, state=Rating.State.SUBMITTED).count()
    left = held + _free_for(study, user)
    rate = float(study.config["check_rate"])
    return {"done": done, "left": -(-round(left / (1 - rate)) // 5) * 5 if rate else left}


def _free_for(study: Study, user: User) -> int:
    free = Presentation.objects.filter(pool=study, state=Presentation.State.FREE)
    if study.members.filter(user=user, standing=StudyMember.Standing.QUALIFYING).exists():
        return free.filter(lane="qualify", assigned_to=user).count()
    met = Rating.objects.filter(pool=study, person=user, state__in=["live", "submitted", "skipped", "set_aside"])
    work = free.filter(lane="work", assigned_to=None).exclude(item__in=met.values("item"))
    return work.aggregate(left=Count("item", distinct=True))["left"] or 0


def reported_to(user: User) -> QuerySet[Study]:
    """Closed studies that this person rated in and whose report is made."""
    closed = Study.objects.filter(status=Study.Status.CLOSED, members__user=user, members__role=Role.RATER)
    return closed.filter(results__final=True).order_by("-closed_at")


# For admins and managers: by system.


def managed_by(user: User) -> QuerySet[Study]:
    found = Study.objects.select_related("evalset")
    return found if user.is_admin else found.filter(members__user=user, members__role=Role.MANAGER)


def systems_of(study: Study) -> list[dict[str, str]]:
    entered = study.systems.select_related("system__model")
    return [{"model": str(one.system.model.uuid), "name": one.system.model.name} for one in entered]


def progress(study: Study) -> dict[str, int]:
    ordinary = Q(item__kind=Unit.Kind.ORDINARY)
    return study.presentations.aggregate(
        asked=Count("pk", filter=ordinary),
        done=Count("pk", filter=ordinary & Q(state=Presentation.State.DONE)),
        held=Count("pk", filter=ordinary & Q(state=Presentation.State.HELD)),
        checks=Count("pk", filter=~ordinary & Q(state=Presentation.State.DONE)),
    )


def pace_of(study: Study, done: dict[str, int]) -> Pace:
    """`done`: the study's progress."""
    now = timezone.now()
    lately = Vote.objects.filter(study=study, unit__kind=Unit.Kind.ORDINARY, created_at__gte=now - WINDOW)
    found = lately.aggregate(recent=Count("pk"), since=Min("created_at"))
    return pace(left=done["asked"] - done["done"], recent=found["recent"], since=found["since"], now=now)


def held_back(study: Study) -> list[dict[str, Any]]:
    """For each system: answers neutralised, held back, and shown as they were."""
    counts = study.systems.select_related("system__model").annotate(
        answers_made=Count("answers"),
        held=Count("answers", filter=~Q(answers__held=[])),
        replaced=Count("answers", filter=~Q(answers__replaced=[]) & Q(answers__held=[])),
    )
    return [
        {
            "model": str(one.system.model.uuid),
            "name": one.system.model.name,
            "answers": one.answers_made,
            "held": one.held,
            "replaced": one.replaced,
        }
        for one in counts
    ]


def newest_result(study: Study) -> StudyResult | None:
    return study.results.order_by("-final", "-pk").first()


def design_effect_of(study: Study) -> float:
    """How much wider votes that share raters and items made the newest result; never less than independent ones."""
    result = newest_result(study)
    ranking = result.data["slices"][slice_key(None, None)]["ranking"] if result else None
    return max(1.0, (ranking or {}).get("design_effect") or 1.0)


def scripted_share(study: Study) -> dict[str, int]:
    return Vote.objects.filter(study=study).aggregate(votes=Count("pk"), scripted=Count("pk", filter=Q(scripted=True)))


def ranking_rows(study: Study, *, language: str | None = None, category: str | None = None) -> dict[str, Any]:
    """What a leaderboard takes from a study: its frozen report. While the study is open, nothing: its raters read
    leaderboards too.

    `{study, name, status, final, votes, scripted_votes, raters, items, determined, reason, tie, first_position,
    agreement, systems: [{model, name, strength, low, high, ranks, votes, likert: {dimension: {mean, low, high, n}}}]}`.
    Without a result for the slice there are no systems, and `reason` says so.
    """
    result = study.results.filter(final=True).first()
    about = {
        "study": str(study.uuid),
        "name": study.name,
        "status": study.status,
        "final": result is not None,
    }
    found = result.data["slices"].get(slice_key(language, category)) if result else None
    if found is None:
        return {**about, **_NOTHING}
    ranking = found["ranking"] or {"systems": [], "tie": None, "first_position": None, "determined": False}
    return {
        **about,
        **{name: found[name] for name in ("votes", "scripted_votes", "raters", "items")},
        **{name: ranking[name] for name in ("determined", "tie", "first_position")},
        "reason": (ranking.get("reason") or {}).get("text"),
        "agreement": _headline(found["agreement"]),
        "systems": _systems(found, ranking["systems"]),
    }


_NOTHING: dict[str, Any] = {
    "votes": 0,
    "scripted_votes": 0,
    "raters": 0,
    "items": 0,
    "determined": False,
    "tie": None,
    "first_position": None,
    "reason": "The study's votes are shown once it is closed and its report is made.",
    "agreement": {},
    "systems": [],
}


def _headline(agreement: dict[str, Any]) -> dict[str, Any]:
    """Alpha and percent agreement of the choice and of each dimension."""
    names = ("krippendorff_alpha", "percent_agreement")
    return {
        judged: {name: one["coefficients"].get(name) for name in names}
        | {"units": one["units"], "raters": one["raters"]}
        for judged, one in agreement.items()
    }


def _systems(found: dict[str, Any], ranked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    likert: dict[str, dict[str, Any]] = {}
    for dimension, scored in found["likert"].items():
        for one in scored["means"]:
            likert.setdefault(one["model"], {})[dimension] = {name: one[name] for name in ("mean", "low", "high", "n")}
    rows = {one["model"]: one for one in ranked}
    names = {one["model"]: one["name"] for scored in found["likert"].values() for one in scored["means"]}
    for model in likert:
        rows.setdefault(model, {"model": model, "name": names[model], **_UNRANKED})
    return [{**row, "likert": likert.get(model, {})} for model, row in rows.items()]


_UNRANKED = {"strength": None, "low": None, "high": None, "ranks": None, "votes": 0}


def rater_rows(study: Study, result: StudyResult | None, *, named: bool) -> list[dict[str, Any]]:
    """Raters with what the stored result says of them; their names only for those who may know them."""
    measured = result.data.get("raters", {}) if result else {}
    return [
        {
            "id": str(member.uuid),
            "name": member.user.username if named else member.alias,
            "scripted": member.user.scripted,
            "role": member.get_role_display(),
            "rates": member.role == Role.RATER,
            "standing": member.standing,
            "standing_text": member.get_standing_display(),
            "excluded_reason": member.excluded_reason,
            **measured.get(member.alias, {}),
        }
        for member in study.members.select_related("user")
    ]
