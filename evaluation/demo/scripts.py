"""What the scripted people do with what they are handed. Seeded by their names, so a run is like the one before."""

import random
from typing import Any

from evaluation.demo.fixtures import Json, question, references
from sftlab.text.similarity import chrf

TIE = 0.02
NOISE = 0.03


def judge(person: str, shown: Json, dimensions: list[str]) -> Json:
    """A vote by likeness to the references (chrF), with a rater's own seeded noise: no human judgement."""
    good = references().get(question(shown["prompt"]), [""])
    dice = random.Random(f"{person}{question(shown['prompt'])}")  # noqa: S311 - a script's mood, not a secret
    left, right = (
        max(chrf(shown[side] or "", reference) for reference in good) + dice.gauss(0, NOISE)
        for side in ("left", "right")
    )
    return {
        "choice": _choice(left, right),
        "scores": {"left": _scores(left, dimensions), "right": _scores(right, dimensions)},
    }


def _choice(left: float, right: float) -> str:
    if abs(left - right) >= TIE:
        return "left" if left > right else "right"
    return "tie" if max(left, right) > TIE * 5 else "both_bad"


def _scores(likeness: float, dimensions: list[str]) -> dict[str, int]:
    score = min(5, max(1, 1 + round(likeness * 6)))
    return dict.fromkeys(dimensions, score)


def lead_time(person: str, text: str) -> float:
    """Seconds that a careful person would have needed."""
    return round(6 + len(text) / 12 + random.Random(person + text).random() * 5, 1)  # noqa: S311


def pick(answers: dict[str, Any], person: str) -> Any:
    """A person's own prepared answer, or the first."""
    return answers.get(person) or next(iter(answers.values()))
