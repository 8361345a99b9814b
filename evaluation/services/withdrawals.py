from typing import Any

from django.db import transaction

from annotation.models import Item, Withdrawal
from annotation.services.withdrawals import withdraw_row
from evaluation import jobs
from evaluation.models import Leaderboard
from evaluation.selectors.impact import impact
from sftlab.accounts.models import User


@transaction.atomic
def withdraw(*, actor: User, row: Item, reason: str) -> tuple[Withdrawal, dict[str, Any]]:
    """Withdraw a row and build the leaderboards anew that it touched: their entries are marked."""
    made, new = withdraw_row(actor=actor, item=row, reason=reason)
    touched = impact(row)
    if new:
        for board in Leaderboard.objects.filter(slug__in=[one["slug"] for one in touched["leaderboards"]]):
            jobs.build_snapshot(board)
    return made, touched
