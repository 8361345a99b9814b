"""When a study will have all its ratings, if its raters go on as they did lately. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(days=7)
SHORTEST = timedelta(minutes=10)
"""Votes of less time than that are no pace yet."""


@dataclass(frozen=True)
class Pace:
    """`per_day`: ordinary ratings, over the last seven days or since the first one. `ends` None where nothing says."""

    per_day: float
    ends: datetime | None


def pace(*, left: int, recent: int, since: datetime | None, now: datetime) -> Pace:
    """`recent` ratings came in since `since`, the first of them within the window."""
    if since is None or recent == 0:
        return Pace(0.0, None)
    taken = max(now - since, SHORTEST)
    per_day = recent / (taken / timedelta(days=1))
    return Pace(per_day, now + timedelta(days=left / per_day) if left else None)
