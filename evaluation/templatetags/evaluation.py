from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import template
from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evaluation.leaderboards.definition import BY_RANK
from evaluation.models import Score
from evaluation.selectors.tables import how as made_how
from evaluation.selectors.tables import title_of

register = template.Library()
LANGUAGE_TITLES = {"en": gettext_lazy("English"), "zh": gettext_lazy("Chinese"), "mixed": gettext_lazy("Mixed")}


@register.filter
def how(score: Score) -> str:
    return made_how(score)


@register.filter
def cell_how(cell: Mapping[str, Any]) -> str:
    flags = ", ".join(f"{name}: {count}" for name, count in cell["flags"].items())
    return " · ".join(part for part in (cell["signature"], f"n={cell['n']}", flags) if part)


@register.filter
def votes_how(mean: Mapping[str, Any] | None) -> str:
    return f"n={mean['n']}" if mean else ""


@register.filter
def unlocalized(value: float | None) -> str:
    """For `data-value`, which the script sorts by."""
    return "" if value in (None, "") else repr(value)


@register.filter
def rank_set(rank: Sequence[int]) -> str:
    best, worst = rank
    return str(best) if best == worst else f"{best}–{worst}"


@register.filter
def order_title(order: str) -> str:
    return _("people's votes") if order == BY_RANK else title_of(order)


@register.filter
def language_title(language: str) -> str:
    return str(LANGUAGE_TITLES.get(language, language))


@register.filter
def parameters(count: int | None) -> str:
    """135 M, 7.2 B."""
    if not count:
        return "–"
    for size, unit in ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "K")):
        if count >= size:
            return f"{number_format(count / size, 0 if count >= 100 * size else 1)} {unit}"
    return str(count)


KIND_TITLES = {
    "leaderboard": gettext_lazy("Leaderboard"),
    "snapshot": gettext_lazy("Snapshot"),
    "score": gettext_lazy("Score"),
    "system": gettext_lazy("Outputs of a model"),
    "evalset": gettext_lazy("Evaluation set"),
    "output": gettext_lazy("Output"),
    "study": gettext_lazy("Blind study"),
    "model": gettext_lazy("Model"),
    "run": gettext_lazy("Run"),
    "version": gettext_lazy("Dataset version"),
    "row": gettext_lazy("Row"),
    "response": gettext_lazy("Response"),
    "review": gettext_lazy("Review"),
    "vote": gettext_lazy("Vote"),
    "person": gettext_lazy("Person"),
}


@register.filter
def kind_title(kind: str) -> str:
    return str(KIND_TITLES.get(kind, kind))


@register.filter
def fact_title(name: str) -> str:
    return name.replace("_", " ")


@register.filter
def fact(value: Any) -> str:
    """Any value of a lineage's node, for reading."""
    if isinstance(value, datetime):
        return date_format(localtime(value), "DATETIME_FORMAT")
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list) and value and isinstance(value[0], Mapping) and "content" in value[0]:
        return "\n".join(f"{turn['role']}: {turn['content']}" for turn in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {fact(part)}" for name, part in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


@register.filter
def difference(count: int, listed: Sequence[Any]) -> int:
    return count - len(listed)
