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


@dataclass(frozen=True)
class Checked:
    """One answered hidden check."""

    rater: str
    kind: str
    passed: bool | None


def raters(cast: Sequence[Cast], checked: Sequence[Checked]) -> dict[str, dict[str, Any]]:
    """By alias. The left share is of the votes that chose a side; known and degraded checks are about care, repeats
    about consistency, swapped ones about whether the side decides."""
    votes, checks = defaultdict(list), defaultdict(list)
    for vote in cast:
        votes[vote.rater].append(vote)
    for check in checked:
        checks[check.rater].append(check)
    return {rater: _rater(votes[rater], checks[rater]) for rater in sorted({*votes, *checks})}


def _rater(votes: Sequence[Cast], checks: Sequence[Checked]) -> dict[str, Any]:
    sided = [vote.choice for vote in votes if vote.choice in ("left", "right")]
    times = [vote.seconds for vote in votes if vote.seconds is not None]
    return {
        "votes": len(votes),
        "median_seconds": median(times) if times else None,
        "left": asdict(share(sided.count("left"), len(sided))),
        "careful": _passed(checks, "known", "degraded"),
        "consistent": _passed(checks, "repeat", "swapped"),
        "side_free": _passed(checks, "swapped"),
    }


def _passed(checks: Sequence[Checked], *kinds: str) -> dict[str, Any]:
    said = [check.passed for check in checks if check.kind in kinds and check.passed is not None]
    return asdict(share(sum(said), len(said)))
