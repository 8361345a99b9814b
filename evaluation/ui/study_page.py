"""What a study's page shows, taken from the stored result; nothing is computed here."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from evaluation.models.studies import Study, StudyResult
from evaluation.selectors import studies as selectors
from evaluation.selectors.study_exports import reported_harmful

HEADLINE = ("krippendorff_alpha", "gwet_ac1", "fleiss_kappa", "percent_agreement")
COEFFICIENTS = {
    "percent_agreement": gettext_noop("Same answer"),
    "cohen_kappa": "Cohen κ",
    "cohen_kappa_linear": gettext_noop("Cohen κ, linear weights"),
    "cohen_kappa_quadratic": gettext_noop("Cohen κ, quadratic weights"),
    "scott_pi": "Scott π",
    "fleiss_kappa": "Fleiss κ",
    "gwet_ac1": "Gwet AC1",
    "gwet_ac2": "Gwet AC2",
    "krippendorff_alpha": "Krippendorff α",
    "icc_1_1": "ICC(1,1)",
    "icc_2_1": "ICC(2,1)",
    "icc_3_1": "ICC(3,1)",
    "icc_1_k": "ICC(1,k)",
    "icc_2_k": "ICC(2,k)",
    "icc_3_k": "ICC(3,k)",
    "kendall_w": "Kendall W",
    "mean_spearman": gettext_noop("Spearman ρ, mean over pairs of raters"),
}


def page_of(study: Study, *, manages: bool) -> dict[str, Any]:
    result = selectors.newest_result(study)
    progress = selectors.progress(study)
    return {
        "study": study,
        "manages": manages,
        "progress": progress,
        "pace": selectors.pace_of(study, progress) if study.is_open else None,
        "shares": selectors.scripted_share(study),
        "systems": selectors.systems_of(study),
        "held": selectors.held_back(study),
        "members": selectors.rater_rows(study, result, named=manages),
        "harmful": _harmful(study) if manages else [],
        "result": result,
        "severity": severity_of(study, result, names=_names(study) if manages else {}) if result else None,
        **(numbers_of(study, result) if result else {}),
    }


def _harmful(study: Study) -> list[dict[str, Any]]:
    names = _names(study)
    return [{**one, "rater": names[one["rater"]]} for one in reported_harmful(study)]


def _names(study: Study) -> dict[str, str]:
    return dict(study.members.values_list("alias", "user__username"))


def severity_of(study: Study, result: StudyResult, *, names: dict[str, str]) -> dict[str, Any] | None:
    """How far below the average rater each one scores, by dimension; raters by alias where `names` has none."""
    likert = result.data["slices"][selectors.slice_key(None, None)]["likert"]
    keys = [key for key in _judged(study) if likert.get(key, {}).get("severity")]
    raters = sorted({alias for key in keys for alias in likert[key]["severity"]}, key=lambda one: names.get(one, one))
    bounds = [one for key in keys for one in likert[key]["severity"].values()]
    return (
        {
            "dimensions": [_dimension_name(study, key) for key in keys],
            "rows": [(names.get(one, one), [likert[key]["severity"].get(one) for key in keys]) for one in raters],
            "edge": (edge := _edge(bounds)),
            "floor": -edge,
        }
        if keys
        else None
    )


def numbers_of(study: Study, result: StudyResult) -> dict[str, Any]:
    whole = result.data["slices"][selectors.slice_key(None, None)]
    colours = {one["model"]: place for place, one in enumerate(selectors.systems_of(study))}
    ranking = whole["ranking"]
    return {
        "whole": whole,
        "colours": colours,
        "ranking": _ranking(ranking) if ranking else None,
        "strengths_chart": _strengths_chart(ranking, colours) if ranking and ranking["determined"] else None,
        "means_chart": _means_chart(study, whole["likert"], colours) if whole["likert"] else None,
        "matrix": _matrix(whole["matrix"]) if whole["matrix"] else None,
        "likert": likert_of(study, whole["likert"]),
        "agreement": [
            _agreement(study, key, whole["agreement"][key]) for key in _judged(study) if key in whole["agreement"]
        ],
    }


def likert_of(study: Study, likert: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Each dimension's name with the systems' means."""
    return [(_dimension_name(study, key), likert[key]["means"]) for key in _judged(study) if key in likert]


def _strengths_chart(ranking: dict[str, Any], colours: dict[str, int]) -> dict[str, Any]:
    series = [
        {"name": one["name"], "x": [one["name"]], "y": [one["strength"]], "low": [one["low"]], "high": [one["high"]]}
        | {"kind": "points", "index": colours[one["model"]]}
        for one in ranking["systems"]
    ]
    return {"series": series, "x": "", "y": _("Strength, log odds"), "legend": False}


def _means_chart(study: Study, likert: dict[str, Any], colours: dict[str, int]) -> dict[str, Any]:
    keys = [key for key in _judged(study) if key in likert]
    series = []
    for model, colour in colours.items():
        means = [next(one for one in likert[key]["means"] if one["model"] == model) for key in keys]
        series.append(
            {"name": means[0]["name"], "x": [_dimension_name(study, key) for key in keys], "kind": "bar"}
            | {"y": [one["mean"] for one in means], "index": colour}
            | {side: [one[side] if one[side] is not None else one["mean"] for one in means] for side in ("low", "high")}
        )
    return {"series": series, "x": "", "y": _("Mean score, 1 to 5")}


def _judged(study: Study) -> list[str]:
    """In the study's own order, which stored JSON does not keep."""
    return ["choice", *(one["key"] for one in study.dimensions)]


def _ranking(ranking: dict[str, Any]) -> dict[str, Any]:
    edge = _edge(ranking["systems"])
    return {
        **ranking,
        "edge": edge,
        "floor": -edge,
        "why": words(ranking["reason"]),
        "verdict": _verdict(ranking),
        "order": {**ranking["first_position"], "why": words(ranking["first_position"]["reason"])},
    }


def _verdict(ranking: dict[str, Any]) -> dict[str, Any]:
    """Each pair of systems: told apart or not, and how many more votes on it would do it."""
    names = {one["model"]: one["name"] for one in ranking["systems"]}
    pairs = [
        {**one, "first": names[one["first"]], "second": names[one["second"]]} for one in ranking["verdict"]["pairs"]
    ]
    edge = _edge(pairs)
    return {"stop": ranking["verdict"]["stop"], "pairs": pairs, "edge": edge, "floor": -edge}


def _edge(rows: Sequence[dict[str, Any]]) -> float:
    """How far from 0 the intervals reach: what their bars are drawn on."""
    return max((abs(one[side]) for one in rows for side in ("low", "high") if one[side] is not None), default=1.0)


def _matrix(matrix: dict[str, Any]) -> list[dict[str, Any]]:
    names = matrix["names"]
    return [
        {
            "name": name,
            "cells": [
                {
                    "rate": matrix["rates"][row][column],
                    "against": other,
                    "wins": matrix["wins"][row][column],
                    "ties": matrix["ties"][row][column],
                    "losses": matrix["wins"][column][row],
                    "self": row == column,
                }
                for column, other in enumerate(names)
            ],
        }
        for row, name in enumerate(names)
    ]


def _agreement(study: Study, judged: str, one: dict[str, Any]) -> dict[str, Any]:
    every = {
        name: {
            **found,
            "title": _(COEFFICIENTS[name]),
            "why": words(found["reason"]),
            "says": words(found["reason"] or found["reading"]),
        }
        for name in COEFFICIENTS
        if (found := one["coefficients"].get(name))
    }
    alpha = one["coefficients"].get("krippendorff_alpha")
    return {
        "name": _("Choice") if judged == "choice" else _dimension_name(study, judged),
        "units": one["units"],
        "raters": one["raters"],
        "rows": [every[name] for name in HEADLINE if name in every],
        "every": list(every.values()),
        "resamples": one.get("resamples"),
        "seed": one.get("seed"),
        "alpha": alpha,
        "reading": words(alpha["reason"] or alpha["reading"]) if alpha else words(one.get("reason")),
    }


def _dimension_name(study: Study, key: str) -> str:
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    return next((one["name"][language] for one in study.dimensions if one["key"] == key), key)


def words(reason: dict[str, Any] | None) -> str:
    """A stored reason in the reader's language."""
    if not reason:
        return ""
    text = _(reason["message"])
    return text % reason["values"] if reason["values"] else text.replace("%%", "%")
