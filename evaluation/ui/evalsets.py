from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _

from annotation.models import DatasetVersion
from annotation.selectors import version_for
from evaluation.evalset_records import read_file
from evaluation.models import EvalSet
from evaluation.selectors.contamination import contamination
from evaluation.selectors.evalsets import coverage, evalsets, get_evalset
from evaluation.services.evalsets import create_evalset
from evaluation.ui.access import admins_only, me
from evaluation.ui.forms import NewEvalSet
from sftlab.accounts.ui.views import add_faults
from sftlab.errors import BadInput


@admins_only
def evalset_list(request: HttpRequest) -> HttpResponse:
    form = NewEvalSet(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            made, new = create_evalset(
                actor=me(request), name=asked["name"], note=asked["note"], items=read_file(asked["file"].read())
            )
        except BadInput as error:
            add_faults(form, error)
        else:
            said = _("%(set)s is saved.") if new else _("%(set)s holds these items already.")
            messages.success(request, said % {"set": made}, extra_tags="good")
            return redirect("evaluation:evalset", made.uuid)
    page = Paginator(evalsets(), 50).get_page(request.GET.get("page"))
    return render(request, "evaluation/evalsets.html", {"form": form, "page": page})


@admins_only
def evalset_page(request: HttpRequest, evalset: UUID) -> HttpResponse:
    found = get_evalset(evalset)
    covered = coverage(found)
    page = Paginator(found.items.all(), 25).get_page(request.GET.get("page"))
    checked = _checked(request, found)
    context = {
        "evalset": found,
        "coverage": covered,
        "matrix": _matrix(covered),
        "page": page,
        "versions": DatasetVersion.objects.select_related("project").order_by("-pk")[:200],
        "contamination": checked,
    }
    return render(request, "evaluation/evalset.html", context)


def _checked(request: HttpRequest, evalset: EvalSet) -> dict[str, Any] | None:
    """Against the dataset version named in the address."""
    try:
        version = version_for(me(request), UUID(request.GET.get("against", "")))
    except ValueError:
        return None
    return contamination(evalset, version) | {"version": version}


def _matrix(covered: dict[str, Any]) -> dict[str, Any]:
    """Categories down, languages across."""
    counts = {(one["category"], one["language"]): one["items"] for one in covered["language_by_category"]}
    languages = list(covered["languages"])
    rows = [
        {"category": category, "cells": [counts.get((category, language), 0) for language in languages], "total": total}
        for category, total in covered["categories"].items()
    ]
    return {"languages": languages, "rows": rows, "most": max(counts.values(), default=0)}


urlpatterns = [
    path("evalsets/", evalset_list, name="evalsets"),
    path("evalsets/<uuid:evalset>/", evalset_page, name="evalset"),
]
