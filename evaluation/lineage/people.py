"""Votes, reviews and the people behind them."""

import hashlib
import hmac
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from annotation.models import Response, Review
from evaluation.lineage.data import learnt_from, of_response
from evaluation.lineage.finding import as_uuid, by_uuid
from evaluation.lineage.nodes import Group, Kind, Node, Reader, nothing, one, some
from evaluation.models import Study, Vote
from sftlab.accounts.models import User


def alias(user: User) -> str:
    """The same for one person everywhere, and nobody's name."""
    return hmac.new(settings.SECRET_KEY.encode(), user.uuid.bytes, hashlib.sha256).hexdigest()[:12]


def _find_person(key: str, reader: Reader) -> User | None:
    """By id for administrators, by alias for anyone: who knows a colleague's id must not learn the alias."""
    uuid = as_uuid(key) if reader.is_admin else None
    if uuid is not None:
        return User.objects.filter(uuid=uuid).first()
    return next((user for user in User.objects.iterator() if hmac.compare_digest(alias(user), key)), None)


def _person(user: User, reader: Reader) -> Node:
    if reader.is_admin:
        return Node("person", str(user.uuid), user.username, {"alias": alias(user)}, scripted=user.scripted)
    return Node("person", alias(user), _("person %(alias)s") % {"alias": alias(user)}, scripted=user.scripted)


def _written(user: User, most: int) -> list[Group]:
    return [
        some("response", Response.objects.filter(author=user).select_related("author").order_by("-pk"), most),
        some("review", Review.objects.filter(reviewer=user).order_by("-pk"), most),
        some("vote", Vote.objects.filter(rater=user).select_related("study", "rater").order_by("-pk"), most),
    ]


def _review(review: Review, reader: Reader) -> Node:
    facts = {"verdict": review.verdict, "comment": review.comment if reader.is_admin else "", "at": review.created_at}
    return Node("review", str(review.uuid), _("review: %(verdict)s") % {"verdict": review.verdict}, facts)


def _vote(vote: Vote, reader: Reader) -> Node:
    """Which side was which system is told to administrators only, by the outputs above it."""
    facts: dict[str, Any] = {
        "choice": vote.choice,
        "scores": vote.scores,
        "reasons": vote.reasons,
        "seconds": vote.lead_time,
        "at": vote.created_at,
        "study": vote.study.name,
    }
    return Node("vote", str(vote.uuid), _("vote: %(choice)s") % {"choice": vote.choice or "–"}, facts, vote.scripted)


def _voted_on(vote: Vote, most: int) -> list[Group]:
    answers = [answer for answer in (vote.presentation.left, vote.presentation.right) if answer is not None]
    outputs = [answer.output for answer in answers if answer.output is not None]
    return [*one("person", vote.rater), Group("output", len(outputs), outputs, told=False)]


def _review_up(review: Review, most: int) -> list[Group]:
    return one("person", review.reviewer)


def _review_down(review: Review, most: int) -> list[Group]:
    return one("response", review.response)


def _vote_down(vote: Vote, most: int) -> list[Group]:
    return one("study", vote.study)


def _of_vote(vote: Vote) -> Q | None:
    """While a study is open its raters read leaderboards too, so nobody looks at single votes."""
    return None if vote.study.is_open else Q(study=vote.study)


def _of_person(user: User) -> Q:
    voted = Q(study__status=Study.Status.CLOSED, study__votes__rater=user)
    return voted | learnt_from(Q(response__author=user) | Q(response__reviews__reviewer=user))


KINDS = [
    Kind("person", _find_person, _person, nothing, _written, _of_person),
    Kind("review", by_uuid(Review), _review, _review_up, _review_down, lambda review: of_response(review.response)),
    Kind("vote", by_uuid(Vote), _vote, _voted_on, _vote_down, _of_vote),
]
