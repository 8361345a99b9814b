"""What the votes say, computed by a job and stored; pages and leaderboards only read it."""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

from django.db import transaction
from django.utils import timezone

from evaluation.models.studies import Study, StudyMember, StudyResult, Unit, Vote
from evaluation.ranking import Cast, summary
from evaluation.rater_stats import Checked, raters
from evaluation.selectors.studies import slice_key, systems_of
from evaluation.services.studies.adapting import steer
from evaluation.services.studies.members import check_may_manage
from evaluation.study_jobs import refresh_later, report_later
from sftlab.accounts.models import User
from sftlab.audit.services import record
from sftlab.errors import Conflict

VERSION = 1


def counted(study: Study, *, excluded: Iterable[int] = ()) -> list[Cast]:
    """The votes that count: ordinary ones, of raters who are not excluded. Models are named by their public ids."""
    votes = (
        Vote.objects.filter(study=study, unit__kind=Unit.Kind.ORDINARY)
        .exclude(rater__in=excluded)
        .select_related(
            "presentation", "unit__item", "unit__first__system__system__model", "unit__second__system__system__model"
        )
        .order_by("pk")
    )
    aliases = dict(study.members.values_list("user_id", "alias"))
    return [_cast(vote, aliases[vote.rater_id]) for vote in votes]


def _cast(vote: Vote, alias: str) -> Cast:
    unit = vote.unit
    answers = [unit.second, unit.first] if vote.presentation.swapped else [unit.first, unit.second]
    left, right = (str(answer.system.system.model.uuid) if answer and answer.system else None for answer in answers)
    assert left is not None
    return Cast(
        unit=str(unit.pk),
        item=str(unit.item_id),
        rater=alias,
        left=left,
        right=right,
        choice=vote.choice,
        scores=vote.scores,
        language=unit.item.language,
        category=unit.item.category,
        scripted=vote.scripted,
        seconds=vote.lead_time,
    )


def checked(study: Study) -> list[Checked]:
    votes = (
        Vote.objects.filter(study=study).exclude(unit__kind=Unit.Kind.ORDINARY).exclude(presentation__lane="qualify")
    )
    aliases = dict(study.members.values_list("user_id", "alias"))
    return [
        Checked(aliases[rater], kind, passed)
        for rater, kind, passed in votes.order_by("pk").values_list("rater_id", "unit__kind", "passed")
    ]


def compute(study: Study, cast: Sequence[Cast]) -> dict[str, Any]:
    """The whole and every language × category that the sample has, by `slice_key`."""
    systems = {one["model"]: one["name"] for one in systems_of(study)}
    dimensions = [one["key"] for one in study.dimensions] if study.scores else []
    slices = {}
    for language, category in _slices(cast):
        chosen = [v for v in cast if language in (None, v.language) and category in (None, v.category)]
        slices[slice_key(language, category)] = summary(
            chosen, systems=systems, compares=study.compares, dimensions=dimensions, seed=study.seed
        )
    return {
        "version": VERSION,
        "seed": study.seed,
        "votes": len(cast),
        "slices": slices,
        "raters": raters(cast, checked(study)),
    }


def _slices(cast: Sequence[Cast]) -> list[tuple[str | None, str | None]]:
    languages: list[str | None] = [None, *sorted({vote.language for vote in cast if vote.language})]
    categories: list[str | None] = [None, *sorted({vote.category for vote in cast if vote.category})]
    met = {(vote.language, vote.category) for vote in cast}
    return [
        (language, category)
        for language, category in product(languages, categories)
        if None in (language, category) or (language, category) in met
    ]


def refresh(*, study: Study) -> StudyResult | None:
    """Stores a new result if votes came in since the last one. A closed study keeps its report."""
    if not study.is_open:
        return None
    if is_fresh(study):
        return None
    votes = Vote.objects.filter(study=study).count()
    cast = counted(study, excluded=excluded_raters(study))
    data = compute(study, cast)
    data["pairing"] = steer(study=study, cast=cast)
    with transaction.atomic():
        made = StudyResult.objects.create(study=study, votes=votes, data=data)
        Study.objects.filter(pk=study.pk).update(refreshed_for=votes)
        study.results.filter(final=False, pk__lt=made.pk).delete()
    return made


def is_fresh(study: Study) -> bool:
    """Whether the newest result has seen every vote; one that was taken back and cast again is a new one."""
    votes = Vote.objects.filter(study=study)
    newest = study.results.order_by("-pk").first()
    if newest is None or study.refreshed_for != votes.count():
        return False
    return not votes.filter(created_at__gt=newest.created_at).exists()


def excluded_raters(study: Study) -> list[int]:
    return list(StudyMember.objects.filter(study=study, excluded_at__isnull=False).values_list("user_id", flat=True))


def ask_refresh(*, actor: User, study: Study) -> None:
    check_may_manage(user=actor, study=study)
    if study.is_open:
        refresh_later(study)


@transaction.atomic
def close_study(*, actor: User, study: Study) -> None:
    """No vote after this; the report is computed once by a job and then frozen. Said again, it changes nothing."""
    check_may_manage(user=actor, study=study)
    try:
        study.transition(Study.Status.CLOSED, closed_at=timezone.now())
    except Conflict:
        return
    record(actor=actor, verb="study.close", obj=study, data={"votes": Vote.objects.filter(study=study).count()})
    report_later(study)
