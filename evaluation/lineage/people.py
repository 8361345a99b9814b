"""Votes, reviews and the people behind them."""

import hashlib
import hmac
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from annotation.models import Response, Review
from evaluation.lineage.finding import by_uuid
from evaluation.lineage.nodes import Group, Kind, Node, Reader, nothing, one, some
from evaluation.models import Vote
from sftlab.accounts.models import User


def alias(user: User) -> str:
    """The same for one person everywhere, and nobody's name."""
    return hmac.new(settings.SECRET_KEY.encode(), user.uuid.bytes, hashlib.sha256).hexdigest()[:8]


def _person(user: User, reader: Reader) -> Node:
    label = user.username if reader.is_admin else _("person %(alias)s") % {"alias": alias(user)}
    return Node("person", str(user.uuid), label, {}, scripted=user.scripted)


def _written(user: User, most: int) -> list[Group]:
    return [
        some("response", Response.objects.filter(author=user).order_by("-pk"), most),
        some("review", Review.objects.filter(reviewer=user).order_by("-pk"), most),
        some("vote", Vote.objects.filter(rater=user).order_by("-pk"), most),
    ]


def _review(review: Review, reader: Reader) -> Node:
    facts = {"verdict": review.verdict, "comment": review.comment, "at": review.created_at}
    return Node("review", str(review.uuid), _("review: %(verdict)s") % {"verdict": review.verdict}, facts)


def _vote(vote: Vote, reader: Reader) -> Node:
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
    answers = [answer for answer in (vote.unit.first, vote.unit.second) if answer is not None]
    outputs = [answer.output for answer in answers if answer.output is not None]
    return [*one("person", vote.rater), Group("output", len(outputs), outputs)]


def _review_up(review: Review, most: int) -> list[Group]:
    return one("person", review.reviewer)


def _review_down(review: Review, most: int) -> list[Group]:
    return one("response", review.response)


def _vote_down(vote: Vote, most: int) -> list[Group]:
    return one("study", vote.study)


KINDS = [
    Kind("person", by_uuid(User), _person, nothing, _written, open=False),
    Kind("review", by_uuid(Review), _review, _review_up, _review_down, open=False),
    Kind("vote", by_uuid(Vote), _vote, _voted_on, _vote_down, open=False),
]
