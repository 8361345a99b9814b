"""How each rater rates: how many, how fast, how often the left side. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from evaluation.ranking import Cast
from sftlab.stats.dawid_skene import dawid_skene
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
    votes, checks, fits = defaultdict(list), defaultdict(list), like_the_others(cast)
    for vote in cast:
        votes[vote.rater].append(vote)
    for check in checked:
        checks[check.rater].append(check)
    nobody = asdict(share(0, 0))
    return {
        rater: _rater(votes[rater], checks[rater]) | {"like_others": fits.get(rater, nobody)}
        for rater in sorted({*votes, *checks})
    }


def like_the_others(cast: Sequence[Cast]) -> dict[str, dict[str, Any]]:
    """Of each rater's choices, the share that the other raters' choices on the unit led to expect, allowing for how
    each of them errs (Dawid & Skene 1979)."""
    compared = [vote for vote in cast if vote.right is not None]
    if not compared:
        return {}
    found = dawid_skene([v.unit for v in compared], [v.rater for v in compared], [_winner(v) for v in compared])
    return {
        rater: asdict(share(round(float(matches)), int(n)))
        for rater, matches, n in zip(found.raters, found.with_others, found.compared, strict=False)
    }


def _winner(vote: Cast) -> str:
    """The system with the smaller id, the other, or neither: the same classes in every unit."""
    if vote.choice not in ("left", "right"):
        return vote.choice
    winner, loser = (vote.left, str(vote.right)) if vote.choice == "left" else (str(vote.right), vote.left)
    return "one" if winner < loser else "other"


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
