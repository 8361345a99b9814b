"""An evaluation's numbers as flat rows, for tables, CSV and JSON: scores, differences, agreement with people."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from evaluation.metric_titles import title_of
from evaluation.models import Evaluation, ItemScore, Study
from evaluation.parts import order
from evaluation.selectors.evaluations import scores_of, systems_of

Row = dict[str, Any]

SCORE_COLUMNS = (
    *("metric", "language", "by", "label", "model_id", "model", "value", "low", "high", "n", "better"),
    *("level", "resamples", "seed", "signature", "reason"),
)
COMPARISON_COLUMNS = (
    *("metric", "language", "by", "label", "a_id", "a", "b_id", "b", "n", "difference", "low", "high"),
    *("p_bootstrap", "p_bootstrap_holm", "p_randomisation", "p_randomisation_holm", "resamples", "seed"),
)
CORRELATION_COLUMNS = (
    *("study_id", "study", "metric", "language", "judged", "level", "n"),
    *(f"{name}{part}" for name in ("pearson", "spearman", "kendall") for part in ("", "_low", "_high", "_reason")),
    *("resamples", "seed"),
)


@dataclass(frozen=True)
class Asked:
    """Empty means all; `by` "all" means the whole set only."""

    metric: str = ""
    language: str = ""
    by: str = ""

    def wants(self, row: Row) -> bool:
        return all(
            not wanted or wanted == row[name]
            for name, wanted in (("metric", self.metric), ("language", self.language), ("by", self.by))
        )


WHOLE = "all"


def score_rows(evaluation: Evaluation, asked: Asked = Asked()) -> list[Row]:
    """Each model's value on the whole of each language and on its parts."""
    rows = [*_whole_scores(evaluation), *_part_scores(evaluation)]
    return [row for row in rows if asked.wants(row)]


def _whole_scores(evaluation: Evaluation) -> Iterator[Row]:
    for score in scores_of(evaluation).filter(category=""):
        yield {
            **{name: getattr(score, name) for name in ("metric", "language", "value", "low", "high", "n", "better")},
            **{name: score.details.get(name) for name in ("level", "resamples", "seed")},
            "by": WHOLE,
            "label": "",
            "model_id": str(score.system.model.uuid),
            "model": score.system.model.name,
            "signature": score.signature,
            "reason": score.reason,
        }


def _part_scores(evaluation: Evaluation) -> Iterator[Row]:
    whole = {(row["metric"], row["language"], row["model_id"]): row for row in _whole_scores(evaluation)}
    models = {str(system.uuid): system.model for system in systems_of(evaluation)}
    for about, part in _parts(evaluation):
        for system, found in part["systems"].items():
            key = (about["metric"], about["language"], str(models[system].uuid))
            yield {**whole[key], **about, **found, "reason": ""}


def comparison_rows(evaluation: Evaluation, asked: Asked = Asked()) -> list[Row]:
    """Each two models: the difference of the first less the second, with its interval and p-values."""
    models = {str(system.uuid): system.model for system in systems_of(evaluation)}
    wholes = (
        ({"metric": metric, "language": language, "by": WHOLE, "label": ""}, pairs)
        for metric, language, pairs in _in_order(evaluation, evaluation.comparisons)
    )
    in_parts = ((about, part["comparisons"]) for about, part in _parts(evaluation))
    return [
        {
            **about,
            **{f"{side}_id": str(models[pair[side]].uuid) for side in ("a", "b")},
            **{side: models[pair[side]].name for side in ("a", "b")},
            **{name: value for name, value in pair.items() if name not in ("a", "b")},
        }
        for about, pairs in (*wholes, *in_parts)
        if asked.wants(about)
        for pair in pairs
    ]


def _parts(evaluation: Evaluation) -> Iterator[tuple[Row, Row]]:
    for metric, language, parts in _in_order(evaluation, evaluation.parts):
        for part in sorted(parts, key=lambda one: (one["by"], order(one["label"]))):
            yield {"metric": metric, "language": language, "by": part["by"], "label": part["label"]}, part


def _in_order(evaluation: Evaluation, found: dict[str, dict[str, list[Row]]]) -> Iterator[tuple[str, str, list[Row]]]:
    """The metrics' own order, which stored JSON does not keep."""
    for metric in evaluation.metrics:
        for language in sorted(found):
            if metric in found[language]:
                yield metric, language, found[language][metric]


def correlation_rows(evaluation: Evaluation, asked: Asked = Asked()) -> list[Row]:
    """Each metric against people's votes in each study of the same outputs."""
    names = {str(study.uuid): study.name for study in Study.objects.filter(evalset=evaluation.evalset_id)}
    return [_flat(row, names) for row in evaluation.correlations if asked.wants({**row, "by": asked.by})]


def _flat(row: Row, names: dict[str, str]) -> Row:
    kinds = ("pearson", "spearman", "kendall")
    return {
        "study_id": row["study"],
        "study": names.get(row["study"], ""),
        **{name: row[name] for name in ("metric", "language", "judged", "level", "n", "resamples", "seed")},
        **{
            f"{kind}{f'_{part}' if part else ''}": row[kind][part or "value"]
            for kind in kinds
            for part in ("", "low", "high", "reason")
        },
    }


OUTPUT_COLUMNS = ("item", "language", "category", "difficulty", "model_id", "model", "text", "finish", "tokens")


def output_rows(evaluation: Evaluation) -> Iterator[Row]:
    """Every output, model after model, with its own value of each metric; null where it has none."""
    for system in systems_of(evaluation):
        scores = ItemScore.objects.filter(output__system=system, metric__in=evaluation.metrics)
        values: dict[int, dict[str, float | None]] = {}
        for key, metric, value in scores.values_list("output_id", "metric", "value"):
            values.setdefault(key, {})[metric] = value
        for output in system.outputs.select_related("item"):
            item = output.item
            yield {
                "item": item.key,
                **{name: getattr(item, name) for name in ("language", "category", "difficulty")},
                "model_id": str(system.model.uuid),
                "model": system.model.name,
                **{name: getattr(output, name) for name in ("text", "finish", "tokens")},
                **{metric: values.get(output.pk, {}).get(metric) for metric in evaluation.metrics},
            }


def dimensions_of(evaluation: Evaluation) -> list[str]:
    """In which ways its set can be taken apart: those that make at least two parts in a language."""
    found: dict[str, int] = {}
    for by_metric in evaluation.parts.values():
        for parts in list(by_metric.values())[:1]:
            for by, count in _counted(part["by"] for part in parts).items():
                found[by] = max(count, found.get(by, 0))
    return [by for by, count in sorted(found.items()) if count > 1]


def _counted(names: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts


def known_metrics(evaluation: Evaluation) -> list[tuple[str, str]]:
    return [(name, title_of(name)) for name in evaluation.metrics]
