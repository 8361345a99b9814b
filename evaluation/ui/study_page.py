"""What a study's page shows, taken from the stored result; nothing is computed here."""

from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from evaluation.models.studies import Study, StudyResult
from evaluation.selectors import studies as selectors

HEADLINE = ("krippendorff_alpha", "gwet_ac1", "fleiss_kappa", "percent_agreement")


def page_of(study: Study, *, manages: bool) -> dict[str, Any]:
    result = selectors.newest_result(study)
    return {
        "study": study,
        "manages": manages,
        "progress": selectors.progress(study),
        "shares": selectors.scripted_share(study),
        "systems": selectors.systems_of(study),
        "held": selectors.held_back(study),
        "members": selectors.rater_rows(study, result, named=manages),
        "result": result,
        **(numbers_of(study, result) if result else {}),
    }


def numbers_of(study: Study, result: StudyResult) -> dict[str, Any]:
    whole = result.data["slices"][selectors.slice_key(None, None)]
    colours = {one["model"]: place for place, one in enumerate(selectors.systems_of(study))}
    ranking = whole["ranking"]
    return {
        "whole": whole,
        "colours": colours,
        "ranking": _ranking(ranking) if ranking else None,
        "matrix": _matrix(whole["matrix"]) if whole["matrix"] else None,
        "likert": [
            (_dimension_name(study, key), whole["likert"][key]["means"])
            for key in _judged(study)
            if key in whole["likert"]
        ],
        "agreement": [
            _agreement(study, key, whole["agreement"][key]) for key in _judged(study) if key in whole["agreement"]
        ],
    }


def _judged(study: Study) -> list[str]:
    """In the study's own order, which stored JSON does not keep."""
    return ["choice", *(one["key"] for one in study.dimensions)]


def _ranking(ranking: dict[str, Any]) -> dict[str, Any]:
    bounds = [one[side] for one in ranking["systems"] for side in ("low", "high") if one[side] is not None]
    edge = max(map(abs, bounds), default=1.0)
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
    return {"stop": ranking["verdict"]["stop"], "pairs": pairs}


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
    rows = [
        {**one["coefficients"][name], "name": name, "why": words(one["coefficients"][name]["reason"])}
        for name in HEADLINE
        if name in one["coefficients"]
    ]
    alpha = one["coefficients"].get("krippendorff_alpha")
    return {
        "name": _("Choice") if judged == "choice" else _dimension_name(study, judged),
        "units": one["units"],
        "raters": one["raters"],
        "rows": rows,
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
