"""How each rater rates: how many, how fast, how often the left side. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from evaluation.ranking import Cast
from sftlab.stats.intervals import wilson


@dataclass(frozen=True)
class Share:
    """A share with Wilson's interval; `share` None of nothing."""

    share: float | None
    low: float
    high: float
    n: int


def share(successes: int, trials: int) -> Share:
    found = wilson(successes, trials)
    return Share(successes / trials if trials else None, found.low, found.high, trials)


def raters(cast: Sequence[Cast]) -> dict[str, dict[str, Any]]:
    """By alias. The left share is of the votes that chose a side."""
    by_rater: dict[str, list[Cast]] = defaultdict(list)
    for vote in cast:
        by_rater[vote.rater].append(vote)
    return {rater: _rater(votes) for rater, votes in by_rater.items()}


def _rater(votes: Sequence[Cast]) -> dict[str, Any]:
    sided = [vote.choice for vote in votes if vote.choice in ("left", "right")]
    times = [vote.seconds for vote in votes if vote.seconds is not None]
    return {
        "votes": len(votes),
        "median_seconds": median(times) if times else None,
        "left": asdict(share(sided.count("left"), len(sided))),
    }
