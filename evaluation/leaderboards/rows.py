"""Rows of one slice from what is known about each model. Pure: no clock, no database, no order of input matters."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.text import slugify

from evaluation.leaderboards.definition import BY_RANK, Definition
from evaluation.metrics.registry import METRICS

Json = dict[str, Any]


@dataclass(frozen=True)
class Scored:
    """One metric of one model on the slice, in one language."""

    model: str
    metric: str
    language: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    better: str
    signature: str
    score: str
    flags: Mapping[str, int] = field(default_factory=dict)
    reason: str = ""


def on_set(metric: str, name: str) -> str:
    """What a metric is called on a further evaluation set."""
    return f"{metric}@{slugify(name, allow_unicode=True)}"


@dataclass(frozen=True)
class Human:
    """What people's votes on the slice say about one model."""

    rank: tuple[int, int] | None = None
    strength: tuple[float | None, float | None, float | None] | None = None
    likert: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    votes: int = 0


@dataclass(frozen=True)
class Entry:
    """What is the same for a model in every slice."""

    id: str
    name: str
    facts: Mapping[str, Any]
    """`base`, `cost`, `evaluation`, `system`, `evaluated_at`, `scripted`, `flags`: shown as they are."""


@dataclass(frozen=True)
class Table:
    columns: list[Json]
    rows: list[Json]
    left_out: list[Json]
    order: str


def table(
    definition: Definition,
    language: str,
    entries: Sequence[Entry],
    scores: Sequence[Scored],
    human: Mapping[str, Human],
) -> Table:
    kept, left_out = _one_signature_each(scores)
    keys = _keys(definition, kept, one_language=bool(language))
    cells: dict[str, dict[str, Scored]] = {}
    for score in kept:
        if (score.metric, score.language) in keys:
            cells.setdefault(score.model, {})[keys[score.metric, score.language]] = score
    order = definition.order or (BY_RANK if human else next(iter(dict.fromkeys(m for m, _l in keys)), ""))
    positions = _positions(order, entries, keys, cells, human)
    rows = [
        _row(entry, positions[entry.id], list(keys.values()), cells.get(entry.id, {}), human.get(entry.id))
        for entry in entries
    ]
    rows.sort(key=lambda row: (row["position"], -((row["strength"] or {}).get("value") or 0.0), row["model"]["name"]))
    return Table(_columns(keys, kept), rows, left_out, order)


def _one_signature_each(scores: Sequence[Scored]) -> tuple[list[Scored], list[Json]]:
    """Scores are compared where what made them is the same: the signature that most models share stays."""
    known: dict[tuple[str, str], Counter[str]] = {}
    for score in scores:
        if score.value is not None:
            known.setdefault((score.metric, score.language), Counter())[score.signature] += 1
    chosen = {key: max(counts, key=lambda s, c=counts: (c[s], s)) for key, counts in known.items()}  # type: ignore[misc]
    kept, left_out = [], []
    for score in scores:
        wanted = chosen.get((score.metric, score.language))
        if score.value is None or score.signature == wanted:
            kept.append(score)
        else:
            left_out.append(
                {
                    "model": score.model,
                    "metric": score.metric,
                    "language": score.language,
                    "signature": score.signature,
                    "kept": wanted,
                    "reason": "another signature",
                }
            )
    return kept, left_out


def _keys(definition: Definition, scores: Sequence[Scored], *, one_language: bool) -> dict[tuple[str, str], str]:
    """Column names by metric and language. Values of two languages are never put into one column."""
    found = {(score.metric, score.language) for score in scores}
    metrics = sorted({metric for metric, _language in found}, key=_usual_place)
    further = [metric for metric in metrics if "@" in metric]
    wanted = [*definition.metrics, *further] if definition.metrics else metrics
    ordered = [
        (metric, language) for metric in wanted for language in sorted({lang for m, lang in found if m == metric})
    ]
    return {(m, lang): m if one_language or not lang else f"{m}:{lang}" for m, lang in ordered}


def _usual_place(metric: str) -> tuple[str, int, str]:
    """Further sets come after the leaderboard's own."""
    names = list(METRICS)
    name, _at, evalset = metric.partition("@")
    return (evalset, names.index(name) if name in names else len(names), name)


def _columns(keys: Mapping[tuple[str, str], str], scores: Sequence[Scored]) -> list[Json]:
    known = {(s.metric, s.language): s for s in scores if s.value is not None}
    return [
        {
            "key": key,
            "metric": metric.partition("@")[0],
            "evalset": metric.partition("@")[2],
            "language": language,
            "better": known[metric, language].better if (metric, language) in known else "higher",
            "signature": known[metric, language].signature if (metric, language) in known else "",
        }
        for (metric, language), key in keys.items()
    ]


def _positions(
    order: str,
    entries: Sequence[Entry],
    keys: Mapping[tuple[str, str], str],
    cells: Mapping[str, Mapping[str, Scored]],
    human: Mapping[str, Human],
) -> dict[str, int]:
    """From 1; equals share a position; who has no value comes last."""
    if order == BY_RANK:
        ranks = {entry.id: found.rank for entry in entries if (found := human.get(entry.id))}
        best = {model: float(rank[0]) for model, rank in ranks.items() if rank is not None}
        return _places(entries, best)
    columns = [key for (metric, _language), key in keys.items() if metric == order]
    sums: dict[str, float] = {}
    for key in columns:
        values = {
            model: value * (1 if cell.better == "lower" else -1)
            for model, row in cells.items()
            if (cell := row.get(key)) is not None and (value := cell.value) is not None
        }
        for model, place in _places(entries, values).items():
            sums[model] = sums.get(model, 0.0) + place
    return _places(entries, sums)


def _places(entries: Sequence[Entry], lowest_first: Mapping[str, float]) -> dict[str, int]:
    values = {entry.id: lowest_first.get(entry.id, float("inf")) for entry in entries}
    return {model: 1 + sum(other < value for other in values.values()) for model, value in values.items()}


def _row(entry: Entry, position: int, keys: Sequence[str], cells: Mapping[str, Scored], human: Human | None) -> Json:
    return {
        "model": {"id": entry.id, "name": entry.name},
        "position": position,
        "rank": list(human.rank) if human and human.rank else None,
        "strength": _triple(human.strength) if human and human.strength else None,
        "likert": {name: dict(value) for name, value in human.likert.items()} if human else {},
        "votes": human.votes if human else 0,
        "metrics": {key: _cell(cells[key]) for key in keys if key in cells},
        **entry.facts,
    }


def _cell(score: Scored) -> Json:
    return {
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "n": score.n,
        "signature": score.signature,
        "flags": dict(score.flags),
        "reason": score.reason,
        "score": score.score,
    }


def _triple(values: tuple[float | None, float | None, float | None]) -> Json:
    return dict(zip(("value", "low", "high"), values, strict=True))
