"""Hidden checks: what is handed out between ordinary presentations to see how a rater rates."""

from evaluation.models.studies import Study, Vote
from sftlab.accounts.models import User


def after_vote(*, study: Study, rater: User, vote: Vote) -> None:
    """Room for hidden checks."""


def before_undo(*, vote: Vote) -> None:
    """Room for hidden checks."""
