from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from evaluation.evalset_records import read_file
from evaluation.models import EvalSet, Evaluation
from evaluation.selectors.analysis import dimensions_of, known_metrics
from evaluation.selectors.contamination import contamination
from evaluation.selectors.evalsets import coverage
from evaluation.selectors.evaluations import evaluations, explore, get_evaluation, ranked_items, trained_on
from evaluation.selectors.tables import agreements, comparisons, part_table, score_table
from evaluation.services.evaluations import cancel_evaluation, create_evaluation, resume_evaluation
from evaluation.services.outputs import upload_outputs
from evaluation.services.studies.members import saw_by_system
from evaluation.ui.access import admins_only, me
from evaluation.ui.forms import NewEvaluation, OutputsFile
from sftlab.accounts.ui.views import add_faults
from sftlab.errors import BadInput, Conflict

OVER = {Evaluation.Status.DONE, Evaluation.Status.FAILED, Evaluation.Status.CANCELLED}


@admins_only
def evaluation_list(request: HttpRequest) -> HttpResponse:
    page = Paginator(evaluations(), 50).get_page(request.GET.get("page"))
    return render(request, "evaluation/evaluations.html", {"page": page})


@admins_only
def evaluation_new(request: HttpRequest) -> HttpResponse:
    form = NewEvaluation(request.POST or None, initial=_chosen(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = create_evaluation(actor=me(request), **form.asked())
        except BadInput as error:
            add_faults(form, error)
        else:
            return redirect("evaluation:evaluation", made.uuid)
    return render(request, "evaluation/evaluation_new.html", {"form": form})


@admins_only
def evaluation_before(request: HttpRequest) -> HttpResponse:
    """What the chosen set holds, and what of it the chosen models were trained on: shown before a run."""
    form = NewEvaluation(request.GET)
    form.is_valid()
    evalset: EvalSet | None = form.cleaned_data.get("evalset")
    if evalset is None:
        return HttpResponse()
    checked = [
        {**contamination(evalset, version), "model": model, "version": version}
        for model, version in trained_on(form.cleaned_data.get("models") or [])
    ]
    context = {"evalset": evalset, "coverage": coverage(evalset), "checked": checked}
    return render(request, "evaluation/evaluation_before.html", context)


def _chosen(request: HttpRequest) -> dict[str, Any]:
    """An evaluation set named in the address is chosen already."""
    queryset = NewEvaluation().fields["evalset"].queryset  # type: ignore[attr-defined]  # a choice field
    try:
        chosen = queryset.filter(uuid=UUID(request.GET.get("evalset", ""))).first()
    except ValueError:
        return {}
    return {"evalset": chosen} if chosen else {}


@admins_only
def evaluation_page(request: HttpRequest, evaluation: UUID) -> HttpResponse:
    found = get_evaluation(evaluation)
    context = {
        "evaluation": found,
        "table": score_table(found),
        "comparisons": comparisons(found),
        "agreements": agreements(found),
        "dimensions": dimensions_of(found),
        "over": found.status in OVER,
        "explained": bool(found.metrics),
    }
    return render(request, "evaluation/evaluation.html", context)


@admins_only
def evaluation_parts(request: HttpRequest, evaluation: UUID) -> HttpResponse:
    """One metric over the categories, difficulties or lengths of the set."""
    found = get_evaluation(evaluation)
    metrics, dimensions = known_metrics(found), dimensions_of(found)
    asked = {
        "metric": _one_of(request.GET.get("metric"), [name for name, _title in metrics]),
        "by": _one_of(request.GET.get("by"), dimensions),
    }
    context = {
        "evaluation": found,
        "metrics": metrics,
        "dimensions": dimensions,
        "asked": asked,
        "table": part_table(found, **asked),
    }
    return render(request, "evaluation/parts.html", context)


def _one_of(wanted: str | None, known: Sequence[str]) -> str:
    return wanted if wanted is not None and wanted in known else next(iter(known), "")


@admins_only
def evaluation_progress(request: HttpRequest, evaluation: UUID) -> HttpResponse:
    """Asked every two seconds while something is under way; at the end the whole page is shown anew."""
    found = get_evaluation(evaluation)
    response = render(request, "evaluation/evaluation_progress.html", {"evaluation": found, "over": False})
    if found.status in OVER:
        response["HX-Refresh"] = "true"
    return response


@admins_only
def evaluation_items(request: HttpRequest, evaluation: UUID) -> HttpResponse:
    found = get_evaluation(evaluation)
    saw_by_system(user=me(request), evalset=found.evalset, models=[system.model for system in found.systems.all()])
    asked = {name: request.GET.get(name, "") for name in ("metric", "language", "category")}
    page = Paginator(ranked_items(found, **asked), 10).get_page(request.GET.get("page"))
    items = found.evalset.items
    context = {
        "evaluation": found,
        "page": page,
        "rows": explore(found, list(page), metric=asked["metric"]),
        "metrics": known_metrics(found),
        "asked": asked,
        "languages": sorted(set(items.values_list("language", flat=True))),
        "categories": sorted(set(items.values_list("category", flat=True))),
        "compared": request.GET.get("diff") == "on",
    }
    return render(request, "evaluation/items.html", context)


@require_POST
@admins_only
def evaluation_upload(request: HttpRequest, evaluation: UUID, system: UUID) -> HttpResponse:
    """Outputs of a model that ran elsewhere, as the API takes them."""
    found = get_evaluation(evaluation)
    form = OutputsFile(request.POST, request.FILES)
    model = found.systems.filter(uuid=system).values_list("model__uuid", flat=True).first()
    if not form.is_valid():
        messages.error(request, _("Choose a file of at most 32 MB."), extra_tags="bad")
        return redirect("evaluation:evaluation", evaluation)
    try:
        done = upload_outputs(
            actor=me(request), evaluation=found, rows=read_file(form.cleaned_data["file"].read()), model=model
        )
    except (BadInput, Conflict) as error:
        messages.error(request, _told(str(error.message), [one["reason"] for one in error.errors]), extra_tags="bad")
        return redirect("evaluation:evaluation", evaluation)
    said = _("%(created)s outputs are saved, %(duplicates)s were there.")
    said %= {"created": done.created, "duplicates": done.duplicates}
    if done.errors:
        messages.error(request, _told(said, [f"{one.row + 1}: {one.reason}" for one in done.errors]), extra_tags="bad")
    else:
        messages.success(request, said, extra_tags="good")
    return redirect("evaluation:evaluation", evaluation)


def _told(message: str, faults: Sequence[str]) -> str:
    return " · ".join([message, *faults[:5]])


@require_POST
@admins_only
def evaluation_cancel(request: HttpRequest, evaluation: UUID) -> HttpResponse:
    cancel_evaluation(actor=me(request), evaluation=get_evaluation(evaluation))
    messages.success(request, _("Cancelled. What is written stays, and it can be resumed."))
    return redirect("evaluation:evaluation", evaluation)


@require_POST
@admins_only
def evaluation_resume(request: HttpRequest, evaluation: UUID) -> HttpResponse:
    resume_evaluation(actor=me(request), evaluation=get_evaluation(evaluation))
    return redirect("evaluation:evaluation", evaluation)


urlpatterns = [
    path("evaluations/", evaluation_list, name="evaluations"),
    path("evaluations/new/", evaluation_new, name="evaluation-new"),
    path("evaluations/before/", evaluation_before, name="evaluation-before"),
    path("evaluations/<uuid:evaluation>/", evaluation_page, name="evaluation"),
    path("evaluations/<uuid:evaluation>/progress/", evaluation_progress, name="evaluation-progress"),
    path("evaluations/<uuid:evaluation>/parts/", evaluation_parts, name="evaluation-parts"),
    path("evaluations/<uuid:evaluation>/items/", evaluation_items, name="evaluation-items"),
    path("evaluations/<uuid:evaluation>/systems/<uuid:system>/outputs/", evaluation_upload, name="evaluation-upload"),
    path("evaluations/<uuid:evaluation>/cancel/", evaluation_cancel, name="evaluation-cancel"),
    path("evaluations/<uuid:evaluation>/resume/", evaluation_resume, name="evaluation-resume"),
]
