"""Rows that leave a study, by system: for those who may know."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from evaluation.models.studies import Study, Unit, Vote
from evaluation.study_exports import Compared


def _ordinary(study: Study) -> QuerySet[Vote]:
    return (
        Vote.objects.filter(study=study, unit__kind=Unit.Kind.ORDINARY)
        .select_related(
            "presentation",
            "unit__item",
            "unit__first__output",
            "unit__second__output",
            "unit__first__system__system__model",
            "unit__second__system__system__model",
        )
        .order_by("unit_id", "pk")
    )


def vote_rows(study: Study) -> Iterator[dict[str, Any]]:
    """Every ordinary vote; raters by alias. Those of excluded raters say so."""
    members = {one.user_id: one for one in study.members.all()}
    for vote in _ordinary(study):
        unit, member = vote.unit, members[vote.rater_id]
        models = [answer.system.system.model.name if answer and answer.system else "" for answer in _sides(vote)]
        yield {
            "unit": unit.pk,
            "item": unit.item.key,
            "language": unit.item.language,
            "category": unit.item.category,
            "rater": member.alias,
            "scripted": "yes" if vote.scripted else "no",
            "excluded": "yes" if member.excluded_at else "no",
            "left": models[0],
            "right": models[1],
            **{
                name: getattr(vote, name)
                for name in ("choice", "scores", "reasons", "harmful", "comment", "lead_time", "layout")
            },
        }


def _sides(vote: Vote) -> list[Any]:
    both = [vote.unit.first, vote.unit.second]
    return both[::-1] if vote.presentation.swapped else both


def compared_units(study: Study) -> Iterator[Compared]:
    excluded = set(study.members.filter(excluded_at__isnull=False).values_list("user_id", flat=True))
    by_unit: dict[int, list[Vote]] = {}
    for vote in _ordinary(study):
        if vote.rater_id not in excluded:
            by_unit.setdefault(vote.unit_id, []).append(vote)
    for votes in by_unit.values():
        if votes[0].unit.second is not None:
            yield _compared(votes)


def _compared(votes: list[Vote]) -> Compared:
    unit = votes[0].unit
    answers = (unit.first, unit.second)
    return Compared(
        prompt=[{"role": turn["role"], "content": turn["content"]} for turn in unit.item.turns],
        texts=(_text(answers[0]), _text(answers[1])),
        models=(_model(answers[0]), _model(answers[1])),
        language=unit.item.language,
        category=unit.item.category,
        choices=[_winner(vote) for vote in votes],
        scripted=sum(vote.scripted for vote in votes),
    )


def _text(answer: Any) -> str:
    """What the raters judged: the answer in neutral words."""
    return str(answer.text)


def _model(answer: Any) -> str:
    return str(answer.system.system.model.name)


def _winner(vote: Vote) -> str:
    if vote.choice not in ("left", "right"):
        return vote.choice
    return "first" if (vote.choice == "left") != vote.presentation.swapped else "second"


MOST_REPORTED = 50


def reported_harmful(study: Study) -> list[dict[str, Any]]:
    """Answers that raters reported, the newest first, hidden checks left out: by system, so for those who may know."""
    aliases = dict(study.members.values_list("user_id", "alias"))
    found = []
    for vote in _ordinary(study).exclude(harmful=[]).order_by("-pk")[:MOST_REPORTED]:
        sides = dict(zip(("left", "right"), _sides(vote), strict=True))
        for answer in (sides[side] for side in vote.harmful):
            about = {"item": vote.unit.item.key, "system": _model(answer), "text": _text(answer)}
            found.append({**about, "rater": aliases[vote.rater_id], "comment": vote.comment, "at": vote.created_at})
    return found
