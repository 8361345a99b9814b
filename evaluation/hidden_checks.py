"""Hidden checks: when one is due, what a spoilt copy looks like, and what an answer to one says. Pure and seeded."""

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

KINDS = ("known", "degraded", "repeat", "swapped")
FIRST_REPEAT_AFTER = 4
"""Votes between a comparison and its repeat, at least."""
SHORTEST_TO_SPOIL = 24
LOW, HIGH = 2.5, 3.5
"""Mean scores: what is spoilt must not exceed the one, what is known to be good must reach the other."""

_WORDS = re.compile(r"[A-Za-z0-9'’-]+|[一-鿿]{1,2}|\s+|.", re.DOTALL)


def is_due(*, seed: int, rater: int, votes: int, rate: float) -> bool:
    """After a rater's `votes`-th ordinary vote: so that checks are `rate` of all they get."""
    if rate <= 0 or votes == 0:
        return False
    draw = random.Random(f"check {seed} {rater} {votes}")  # noqa: S311 - recorded, to be repeated
    return draw.random() < rate / (1 - rate)


def kinds_in_turn(*, seed: int, rater: int, done: int) -> list[str]:
    """The kind whose turn it is first, then what to fall back on."""
    order = list(KINDS)
    random.Random(f"kinds {seed} {rater}").shuffle(order)  # noqa: S311
    start = done % len(order)
    return order[start:] + order[:start]


def spoil(text: str, *, seed: int) -> str | None:
    """The same words in no order, about as long; None for a text too short to tell."""
    tokens = _WORDS.findall(text.strip())
    words = [place for place, token in enumerate(tokens) if re.match(r"\w", token)]
    if len(text.strip()) < SHORTEST_TO_SPOIL or len({tokens[place].lower() for place in words}) < 5:
        return None
    shuffled = [tokens[place] for place in words]
    draw = random.Random(seed)  # noqa: S311
    while shuffled == [tokens[place] for place in words]:
        draw.shuffle(shuffled)
    for place, word in zip(words, shuffled, strict=True):
        tokens[place] = word
    return "".join(tokens)


def passed(
    expected: Mapping[str, Any], *, winner: str, scores: Mapping[str, Mapping[str, int]], compares: bool
) -> bool | None:
    """`winner`: first, second, tie, both_bad or "". None where the answer says nothing about the rater's care."""
    if compares:
        if expected.get("lenient") and winner in ("tie", "both_bad"):
            return None
        return bool(winner == expected["winner"])
    mean = _mean(scores.get("left", {}))
    return mean <= LOW if expected["winner"] == "other" else mean >= HIGH


def _mean(scores: Mapping[str, int]) -> float:
    return sum(scores.values()) / max(1, len(scores))


def same_again(
    before: Mapping[str, Mapping[str, int]], again: Mapping[str, Mapping[str, int]], winners: Sequence[str]
) -> bool:
    """The same winner, and no score (by answer, not by side) more than a point off."""
    close = all(abs(before[one][key] - again[one][key]) <= 1 for one in before for key in before[one])
    return winners[0] == winners[1] and close
