"""Words and links of a leaderboard's page."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django import template
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evaluation.metric_titles import title_of
from evaluation.selectors.boards import BoardRow
from evaluation.selectors.tables import decimals_of
from evaluation.templatetags.evaluation import rank_set
from sftlab.web.templatetags.web import number

register = template.Library()


@register.simple_tag
def standing_url(row: Mapping[str, Any]) -> str:
    """Where rank, strength and means come from; empty where nobody rated the model."""
    standing = row.get("standing")
    return reverse("evaluation:lineage", args=["standing", standing]) if standing else ""


@register.filter
def strength_how(row: Mapping[str, Any]) -> str:
    return _("log strength with its 95%% interval, n=%(n)s votes") % {"n": row["votes"]}


@register.filter
def model_name(model: str, rows: Sequence[BoardRow]) -> str:
    return next((line.row["model"]["name"] for line in rows if line.row["model"]["id"] == model), model)


@register.filter
def translated(text: str) -> str:
    """A reason as it was stored, in English."""
    return _(text) if text else "–"


INPUTS = {
    "definition": gettext_lazy("definition"),
    "evalset": gettext_lazy("evaluation set"),
    "further": gettext_lazy("further evaluation sets"),
    "study": gettext_lazy("blind votes"),
    "signatures": gettext_lazy("signatures"),
    "scores": gettext_lazy("scores"),
    "name": gettext_lazy("name"),
    "system": gettext_lazy("models"),
    "outputs_sha256": gettext_lazy("outputs"),
    "model_sha256": gettext_lazy("weights"),
    "adapter_sha256": gettext_lazy("adapter"),
    "decoding": gettext_lazy("decoding"),
    "seed": gettext_lazy("seed"),
    "run": gettext_lazy("run"),
    "code_version": gettext_lazy("code version"),
    "datasets": gettext_lazy("training data"),
    "withdrawn": gettext_lazy("withdrawn rows"),
}


@register.filter
def input_titles(inputs: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(dict.fromkeys(str(INPUTS[one["what"]]) for one in inputs)) or "–"


@register.filter
def moves(moved: Mapping[str, Any]) -> str:
    """`place 2 → 1, BLEU 7.1 → 9.8`: what changed about one model."""
    found = []
    if "position" in moved:
        found.append(_("place %(move)s") % {"move": _arrow(moved["position"], str)})
    if "rank" in moved:
        found.append(_("ranks %(move)s") % {"move": _arrow(moved["rank"], rank_set)})
    if "strength" in moved:
        found.append(_("strength %(move)s") % {"move": _arrow(moved["strength"], _with(2))})
    if "votes" in moved:
        found.append(_("votes %(move)s") % {"move": _arrow(moved["votes"], str)})
    for key, change in moved.get("metrics", {}).items():
        metric, _colon, language = key.partition(":")
        name = " ".join(filter(None, (title_of(metric), language)))
        found.append(f"{name} {_arrow(change, _with(decimals_of(metric)))}")
    return ", ".join(found) or _("marks or means of scores")


def _with(decimals: int) -> Callable[[Mapping[str, Any]], str]:
    return lambda cell: number(cell["value"], decimals)


def _arrow(change: Mapping[str, Any], said: Callable[[Any], str]) -> str:
    return " → ".join("–" if change[end] is None else said(change[end]) for end in ("from", "to"))
