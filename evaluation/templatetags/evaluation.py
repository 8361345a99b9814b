from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import template
from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from evaluation.leaderboards.definition import BY_RANK
from evaluation.metric_titles import title_of
from evaluation.models import Score
from evaluation.rubrics import library
from evaluation.selectors.tables import how as made_how

register = template.Library()
LANGUAGE_TITLES = {"en": gettext_lazy("English"), "zh": gettext_lazy("Chinese"), "mixed": gettext_lazy("Mixed")}


@register.filter
def judged_name(key: str) -> str:
    """A dimension of the library, or the choice, in the reader's language; a study's own dimension by its key."""
    if key == "choice":
        return _("choice")
    found = library().get(key)
    return found.name["zh" if get_language() == "zh-hans" else "en"] if found else key


@register.filter
def how(score: Score) -> str:
    return made_how(score)


@register.filter
def cell_how(cell: Mapping[str, Any]) -> str:
    flags = ", ".join(f"{name}: {count}" for name, count in cell["flags"].items())
    return " · ".join(part for part in (cell["signature"], f"n={cell['n']}", flags) if part)


@register.filter
def row_how(row: Mapping[str, Any]) -> str:
    return f"{row['signature']} · n={row['n']} · {row['resamples']}×, seed {row['seed']}"


@register.filter
def votes_how(mean: Mapping[str, Any] | None) -> str:
    return f"n={mean['n']}" if mean else ""


@register.filter
def unlocalized(value: float | str | None) -> str:
    """For `data-value`, which the script sorts by."""
    return "" if value in (None, "") else repr(value)


@register.filter
def rank_set(rank: Sequence[int]) -> str:
    best, worst = rank
    return str(best) if best == worst else f"{best}–{worst}"


@register.filter
def metric_title(metric: str) -> str:
    return title_of(metric)


@register.filter
def order_title(order: str) -> str:
    return _("people's votes") if order == BY_RANK else title_of(order)


@register.filter
def language_title(language: str) -> str:
    return str(LANGUAGE_TITLES.get(language, language))


DIMENSION_TITLES = {
    "category": gettext_lazy("Category"),
    "difficulty": gettext_lazy("Difficulty"),
    "length": gettext_lazy("Length of the reference"),
}


@register.filter
def dimension_title(name: str) -> str:
    return str(DIMENSION_TITLES.get(name, name))


REASON_TITLES = {
    "too_few": gettext_lazy("fewer than three"),
    "no_variance": gettext_lazy("all the same"),
}


@register.filter
def reason_title(reason: str) -> str:
    return str(REASON_TITLES.get(reason, reason))


@register.filter
def parameters(count: int | None) -> str:
    """135 M, 7.2 B."""
    if not count:
        return "–"
    for size, unit in ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "K")):
        if count >= size:
            decimals = 0 if count >= 100 * size else 1
            return f"{number_format(round(count / size, decimals), decimals)} {unit}"
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
    "standing": gettext_lazy("Model in a blind study"),
}


FACT_TITLES = {
    "value": gettext_lazy("value"),
    "low": gettext_lazy("lower end"),
    "high": gettext_lazy("upper end"),
    "n": gettext_lazy("items"),
    "signature": gettext_lazy("signature"),
    "flags": gettext_lazy("flags"),
    "parts": gettext_lazy("parts"),
    "reasons": gettext_lazy("left out"),
    "reason": gettext_lazy("reason"),
    "level": gettext_lazy("level of the interval"),
    "resamples": gettext_lazy("resamples"),
    "seed": gettext_lazy("seed"),
    "outputs": gettext_lazy("outputs"),
    "output": gettext_lazy("answer"),
    "text": gettext_lazy("text"),
    "prompt": gettext_lazy("prompt"),
    "messages": gettext_lazy("conversation"),
    "decoding": gettext_lazy("decoding"),
    "source": gettext_lazy("source"),
    "tokens": gettext_lazy("tokens"),
    "tokens_per_s": gettext_lazy("tokens per second"),
    "versions": gettext_lazy("package versions"),
    "evaluation_set": gettext_lazy("evaluation set"),
    "finished_at": gettext_lazy("finished"),
    "started_at": gettext_lazy("started"),
    "ended_at": gettext_lazy("ended"),
    "made_at": gettext_lazy("made"),
    "built_at": gettext_lazy("built"),
    "at": gettext_lazy("when"),
    "rows": gettext_lazy("rows"),
    "splits": gettext_lazy("splits"),
    "languages": gettext_lazy("languages"),
    "method": gettext_lazy("method"),
    "config": gettext_lazy("configuration"),
    "code_version": gettext_lazy("code version"),
    "eval_loss": gettext_lazy("evaluation loss"),
    "base_eval_loss": gettext_lazy("evaluation loss before"),
    "status": gettext_lazy("state"),
    "state": gettext_lazy("state"),
    "kind": gettext_lazy("kind"),
    "family": gettext_lazy("family"),
    "parameters": gettext_lazy("parameters"),
    "licence": gettext_lazy("licence"),
    "weights_sha256": gettext_lazy("SHA-256 of the weights"),
    "adapter_sha256": gettext_lazy("SHA-256 of the adapter"),
    "chat_template": gettext_lazy("chat template"),
    "choice": gettext_lazy("choice"),
    "scores": gettext_lazy("scores"),
    "seconds": gettext_lazy("seconds"),
    "verdict": gettext_lazy("verdict"),
    "comment": gettext_lazy("comment"),
    "definition": gettext_lazy("definition"),
    "visibility": gettext_lazy("visibility"),
    "signatures": gettext_lazy("signatures"),
    "design": gettext_lazy("design"),
    "study": gettext_lazy("study"),
    "items": gettext_lazy("items"),
    "version": gettext_lazy("version"),
    "note": gettext_lazy("note"),
    "metadata": gettext_lazy("metadata"),
    "finish": gettext_lazy("ended by"),
    "guideline": gettext_lazy("guideline"),
    "strength": gettext_lazy("strength"),
    "ranks": gettext_lazy("ranks"),
    "votes": gettext_lazy("votes"),
    "wins": gettext_lazy("wins"),
    "losses": gettext_lazy("losses"),
    "ties": gettext_lazy("ties"),
    "both_bad": gettext_lazy("both bad"),
    "likert": gettext_lazy("mean scores"),
    "mean": gettext_lazy("mean"),
    "by_slice": gettext_lazy("by language and category"),
    "report_sha256": gettext_lazy("SHA-256 of the report"),
    "alias": gettext_lazy("alias"),
    "withdrawn_because": gettext_lazy("withdrawn because"),
    "withdrawn_at": gettext_lazy("withdrawn"),
}


@register.filter
def kind_title(kind: str) -> str:
    return str(KIND_TITLES.get(kind, kind))


MARK_TITLES = {"withdrawn": gettext_lazy("rests on withdrawn rows")}


@register.filter
def mark_title(mark: str) -> str:
    return str(MARK_TITLES.get(mark, mark))


@register.filter
def fact_title(name: str) -> str:
    return str(FACT_TITLES.get(name, name.replace("_", " ")))


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
        between = "\n" if all(isinstance(part, Mapping) for part in value.values()) else ", "
        return between.join(f"{fact_title(name)}: {fact(part)}" for name, part in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


@register.filter
def difference(count: int, listed: Sequence[Any]) -> int:
    return count - len(listed)
