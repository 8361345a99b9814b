"""What a rater sends, checked against the study's design. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluation.rubrics import POINTS
from sftlab.errors import FieldError
from sftlab.stats.votes import Choice

CHOICES = tuple(choice.value for choice in Choice)
SIDES = ("left", "right")
LAYOUTS = ("columns", "tabs", "api")
LONGEST_COMMENT = 4000
LONGEST_TIME = 86_400.0


class AnswerError(ValueError):
    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("; ".join(f"{error['field']}: {error['reason']}" for error in errors))
        self.errors = errors


@dataclass(frozen=True)
class Judgement:
    """`choice` is empty and `scores` is `{}` where the design does not ask for them."""

    choice: str
    scores: dict[str, dict[str, int]]
    reasons: list[str]
    comment: str
    harmful: list[str]
    lead_time: float | None
    layout: str


def judgement(body: Mapping[str, Any], *, compares: bool, scores: bool, dimensions: Sequence[str]) -> Judgement:
    """Raises AnswerError with every fault. Alone, an answer stands on the left."""
    errors: list[FieldError] = []
    shown = SIDES if compares else SIDES[:1]
    found = Judgement(
        choice=_one_of(body, "choice", CHOICES, errors) if compares else "",
        scores=_scores(body.get("scores"), shown, dimensions, errors) if scores else {},
        reasons=_some_of(body, "reasons", dimensions, errors),
        comment=_comment(body, errors),
        harmful=_some_of(body, "harmful", shown, errors),
        lead_time=_lead_time(body, errors),
        layout=_one_of(body, "layout", LAYOUTS, errors) if "layout" in body else "api",
    )
    if errors:
        raise AnswerError(errors)
    return found


def _one_of(body: Mapping[str, Any], name: str, allowed: Sequence[str], errors: list[FieldError]) -> str:
    value = body.get(name)
    if value in allowed:
        return str(value)
    errors.append({"field": name, "reason": f"must be one of {', '.join(allowed)}"})
    return ""


def _some_of(body: Mapping[str, Any], name: str, allowed: Sequence[str], errors: list[FieldError]) -> list[str]:
    value = body.get(name) or []
    if isinstance(value, list) and all(one in allowed for one in value):
        return [one for one in allowed if one in value]
    errors.append({"field": name, "reason": f"must be a list of {', '.join(allowed)}"})
    return []


def _scores(
    raw: Any, shown: Sequence[str], dimensions: Sequence[str], errors: list[FieldError]
) -> dict[str, dict[str, int]]:
    if not isinstance(raw, dict):
        errors.append({"field": "scores", "reason": f"needs a score from 1 to {POINTS} for {', '.join(dimensions)}"})
        return {}
    by_side = raw if len(shown) > 1 or set(raw) == {"left"} else {"left": raw}
    return {side: _side(by_side.get(side), side, dimensions, errors) for side in shown}


def _side(raw: Any, side: str, dimensions: Sequence[str], errors: list[FieldError]) -> dict[str, int]:
    given = raw if isinstance(raw, dict) else {}
    for name in dimensions:
        value = given.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= POINTS:
            errors.append({"field": f"scores.{side}.{name}", "reason": f"must be a whole number from 1 to {POINTS}"})
    errors += [{"field": f"scores.{side}.{name}", "reason": "unknown"} for name in given if name not in dimensions]
    return {name: given.get(name, 0) for name in dimensions}


def _comment(body: Mapping[str, Any], errors: list[FieldError]) -> str:
    value = body.get("comment") or ""
    if isinstance(value, str) and len(value) <= LONGEST_COMMENT and "\x00" not in value:
        return value
    errors.append({"field": "comment", "reason": f"must be text of at most {LONGEST_COMMENT} characters"})
    return ""


def _lead_time(body: Mapping[str, Any], errors: list[FieldError]) -> float | None:
    value = body.get("lead_time")
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LONGEST_TIME:
        return float(value)
    errors.append({"field": "lead_time", "reason": "must be seconds, at most a day"})
    return None
