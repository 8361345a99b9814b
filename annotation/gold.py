"""How a response compares with a known answer: pure.

`exact`, `normalized` and `phrases` say yes or no; `rouge_l` and `chrf` pass at a threshold, for answers that have
one form, since good writers use other words (Chinese is compared by character); `ratings` passes when every dimension
lies within the tolerance.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from sftlab.text.normalisation import normalise, normalise_loosely
from sftlab.text.segmentation import units
from sftlab.text.similarity import chrf, lcs_prf

SCORERS = ("exact", "normalized", "phrases", "rouge_l", "chrf", "ratings")
DEFAULT_THRESHOLD = 0.7


class GoldFault(ValueError):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


@dataclass(frozen=True)
class GoldResult:
    """`score` in 0…1; `missed` names what was wrong: phrases or dimensions."""

    score: float
    passed: bool
    missed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class GoldAnswer:
    """What the JSON column of a gold item holds."""

    scorer: str
    expected: str | dict[str, int] = ""
    required: list[str] = field(default_factory=list)
    forbidden: list[str] = field(default_factory=list)
    threshold: float = DEFAULT_THRESHOLD
    tolerance: int = 1
    training: bool = False
    version: int = 1

    @classmethod
    def parse(cls, raw: Any) -> "GoldAnswer":
        """Raises GoldFault."""
        if not isinstance(raw, dict):
            raise GoldFault("", _("must be an object"))
        unknown = set(raw) - set(cls.__dataclass_fields__)
        if unknown:
            raise GoldFault(min(unknown, key=str), _("is not known"))
        answer = cls(**{"scorer": "", **raw})
        _check_types(answer)
        _check_expected(answer)
        return answer

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def _check_types(answer: GoldAnswer) -> None:
    if answer.scorer not in SCORERS:
        raise GoldFault("scorer", _("must be one of %(names)s") % {"names": ", ".join(SCORERS)})
    for name in ("required", "forbidden"):
        phrases = getattr(answer, name)
        if not isinstance(phrases, list) or not all(isinstance(phrase, str) and phrase.strip() for phrase in phrases):
            raise GoldFault(name, _("must be a list of phrases"))
    if not isinstance(answer.threshold, int | float) or not 0 < answer.threshold <= 1:
        raise GoldFault("threshold", _("must lie above 0 and not above 1"))
    if isinstance(answer.tolerance, bool) or not isinstance(answer.tolerance, int) or not 0 <= answer.tolerance <= 4:
        raise GoldFault("tolerance", _("must be a whole number from 0 to 4"))
    if not isinstance(answer.training, bool):
        raise GoldFault("training", _("must be true or false"))
    if answer.version != 1:
        raise GoldFault("version", _("must be 1"))


def _check_expected(answer: GoldAnswer) -> None:
    if answer.scorer == "phrases":
        if not answer.required and not answer.forbidden:
            raise GoldFault("required", _("names no phrase, nor does forbidden"))
    elif answer.scorer == "ratings":
        values = answer.expected
        if not isinstance(values, dict) or not values or not all(_is_point(value) for value in values.values()):
            raise GoldFault("expected", _("must give dimensions a whole number from 1 to 5"))
    elif not isinstance(answer.expected, str) or not answer.expected.strip():
        raise GoldFault("expected", _("must be the answer as text"))


def _is_point(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 5


def score(gold: GoldAnswer | Mapping[str, Any], response: Mapping[str, Any]) -> GoldResult:
    """`response` has `output` (text) or `ratings` (dimension → 1…5)."""
    answer = gold if isinstance(gold, GoldAnswer) else GoldAnswer.parse(dict(gold))
    return _SCORERS[answer.scorer](answer, response)


def _exact(answer: GoldAnswer, response: Mapping[str, Any]) -> GoldResult:
    return _yes_no(_output(response).strip() == str(answer.expected).strip())


def _normalized(answer: GoldAnswer, response: Mapping[str, Any]) -> GoldResult:
    return _yes_no(normalise_loosely(_output(response)) == normalise_loosely(str(answer.expected)))


def _phrases(answer: GoldAnswer, response: Mapping[str, Any]) -> GoldResult:
    text = normalise(_output(response))
    missed = [phrase for phrase in answer.required if normalise(phrase) not in text]
    missed += [phrase for phrase in answer.forbidden if normalise(phrase) in text]
    total = len(answer.required) + len(answer.forbidden)
    return GoldResult(1 - len(missed) / total, not missed, missed)


def _rouge_l(answer: GoldAnswer, response: Mapping[str, Any]) -> GoldResult:
    return _at_least(lcs_prf(units(_output(response)), units(str(answer.expected))).f, answer.threshold)


def _chrf(answer: GoldAnswer, response: Mapping[str, Any]) -> GoldResult:
    return _at_least(chrf(normalise(_output(response)), normalise(str(answer.expected))), answer.threshold)


def _ratings(answer: GoldAnswer, response: Mapping[str, Any]) -> GoldResult:
    expected: Any = answer.expected
    given = response.get("ratings") or {}
    missed = [
        name for name, value in expected.items() if name not in given or abs(given[name] - value) > answer.tolerance
    ]
    return GoldResult(1 - len(missed) / len(expected), not missed, missed)


def _output(response: Mapping[str, Any]) -> str:
    return str(response.get("output") or "")


def _yes_no(same: bool) -> GoldResult:
    return GoldResult(float(same), same)


def _at_least(value: float, threshold: float) -> GoldResult:
    return GoldResult(value, value >= threshold)


_SCORERS: dict[str, Callable[[GoldAnswer, Mapping[str, Any]], GoldResult]] = {
    "exact": _exact,
    "normalized": _normalized,
    "phrases": _phrases,
    "rouge_l": _rouge_l,
    "chrf": _chrf,
    "ratings": _ratings,
}
