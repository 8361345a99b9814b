from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sftlab.access import person
from sftlab.errors import BadInput, NotPermitted
from training import selectors
from training.chat_templates import TEMPLATES
from training.findings import findings
from training.models import Preflight, Run
from training.run_dirs import run_dir
from training.services import models, runs
from training.supervisor import log_tail
from training.trainer.methods.options import METHODS
from training.ui import charts, comparison, help
from training.ui.durations import in_words
from training.ui.forms import ModelForm, RunForm

PER_PAGE = 50


def _admin_only(request: HttpRequest) -> None:
    if not person(request).is_admin:
        raise NotPermitted(_("Only an admin may do this."))


def _run(request: HttpRequest, id: UUID) -> Run:
    return get_object_or_404(selectors.visible_runs(person(request)), uuid=id)


@login_required
@require_GET
def model_list(request: HttpRequest) -> HttpResponse:
    page = Paginator(selectors.visible_models(person(request)), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "training/models.html", {"page": page})


@login_required
@require_GET
def model_detail(request: HttpRequest, id: UUID) -> HttpResponse:
    model = get_object_or_404(selectors.visible_models(person(request)), uuid=id)
    return render(request, "training/model.html", {"model": model})


@login_required
@require_http_methods(["GET", "POST"])
def model_new(request: HttpRequest) -> HttpResponse:
    _admin_only(request)
    form = ModelForm(request.POST or None, templates=TEMPLATES)
    if request.method == "POST" and form.is_valid():
        try:
            model = models.register_model(actor=person(request), **form.cleaned_data)
            return redirect("training:model", id=model.uuid)
        except BadInput as error:
            form.show(error.errors)
    return render(request, "training/model_new.html", {"form": form}, status=400 if form.errors else 200)


@login_required
@require_GET
def run_list(request: HttpRequest) -> HttpResponse:
    page = Paginator(selectors.visible_runs(person(request)), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "training/runs.html", {"page": page})


@login_required
@require_http_methods(["GET", "POST"])
def run_new(request: HttpRequest) -> HttpResponse:
    """One form, two buttons: look first (preflight), or start."""
    _admin_only(request)
    method = request.GET.get("method", "lora")
    method = method if method in METHODS else "lora"
    form = RunForm(request.POST or None, method=method)
    if request.method == "POST" and form.is_valid():
        try:
            return _start(request, form)
        except BadInput as error:
            form.show(error.errors or [{"field": "", "reason": str(error.message)}])
    context = {"form": form, "method": method, "methods": help.METHODS}
    return render(request, "training/run_new.html", context, status=400 if form.errors else 200)


def _start(request: HttpRequest, form: RunForm) -> HttpResponse:
    if "preflight" in request.POST:
        preflight = runs.create_preflight(actor=person(request), **form.request())
        return redirect("training:preflight", id=preflight.uuid)
    run = runs.create_run(actor=person(request), name=form.cleaned_data["name"], **form.request())
    return redirect("training:run", id=run.uuid)


@login_required
@require_GET
def preflight_detail(request: HttpRequest, id: UUID) -> HttpResponse:
    preflight = get_object_or_404(selectors.visible_preflights(person(request)), uuid=id)
    return render(request, _part(request, "preflight"), {"preflight": preflight, **_preflight_state(preflight)})


def _preflight_state(preflight: Preflight) -> dict[str, Any]:
    counts, time = (preflight.result.get(part, {}) for part in ("counts", "time"))
    return {
        "waiting": preflight.status in (Preflight.Status.QUEUED, Preflight.Status.RUNNING),
        "share": counts["supervised_tokens"] / counts["tokens"] if counts.get("tokens") else None,
        "duration": in_words(time.get("seconds")),
        "dropped": [(help.DROPPED.get(why, why), rows) for why, rows in sorted(counts.get("dropped", {}).items())],
    }


@login_required
@require_POST
def preflight_start(request: HttpRequest, id: UUID) -> HttpResponse:
    """The run that was looked at."""
    _admin_only(request)
    preflight = get_object_or_404(selectors.visible_preflights(person(request)), uuid=id)
    run = runs.create_run(actor=person(request), **preflight.request)
    return redirect("training:run", id=run.uuid)


@login_required
@require_GET
def run_detail(request: HttpRequest, id: UUID) -> HttpResponse:
    run = _run(request, id)
    context = {
        "run": run,
        "attempts": run.attempts.select_related("device"),
        "log": log_tail(run_dir(run.uuid)),
        "evals": selectors.curve(run, "eval"),
        "last": selectors.last_points(run, 8),
        "charts": charts.shown(run),
        "findings": [] if run.status == Run.Status.QUEUED else findings(run),
        "doing": help.DOING.get(run.progress.get("what", ""), ""),
        "eta": "" if run.is_over else in_words(run.progress.get("eta_seconds")),
        "duration": in_words(run.result.get("seconds")),
        "partial": is_htmx(request),
    }
    answer = render(request, _part(request, "run"), context)
    if run.is_over and is_htmx(request):
        answer["HX-Refresh"] = "true"  # the actions at the top are others now
    return answer


@login_required
@require_GET
def run_chart(request: HttpRequest, id: UUID, name: str) -> HttpResponse:
    return JsonResponse(charts.data(name, [_run(request, id)]))


@login_required
@require_GET
def compare(request: HttpRequest) -> HttpResponse:
    chosen = _chosen(request)
    query = "&".join(f"run={run.uuid}" for run in chosen)
    context = {"runs": chosen, "rows": comparison.differences(chosen), "charts": charts.CHARTS, "query": query}
    return render(request, "training/compare.html", context)


@login_required
@require_GET
def compare_chart(request: HttpRequest, name: str) -> HttpResponse:
    return JsonResponse(charts.data(name, _chosen(request)))


def _chosen(request: HttpRequest) -> list[Run]:
    """The runs in the address that the person may see, six at most: as many as there are colours."""
    try:
        wanted = [UUID(text) for text in request.GET.getlist("run")]
    except ValueError:
        raise Http404 from None
    return list(selectors.visible_runs(person(request)).filter(uuid__in=wanted)[:6])


@login_required
@require_POST
def run_cancel(request: HttpRequest, id: UUID) -> HttpResponse:
    _admin_only(request)
    runs.cancel_run(actor=person(request), run=_run(request, id))
    return redirect("training:run", id=id)


@login_required
@require_POST
def run_resume(request: HttpRequest, id: UUID) -> HttpResponse:
    _admin_only(request)
    runs.resume_run(actor=person(request), run=_run(request, id))
    return redirect("training:run", id=id)


def _part(request: HttpRequest, name: str) -> str:
    """The page, or for htmx only what changes on it."""
    return f"training/{name}_state.html" if is_htmx(request) else f"training/{name}.html"


def is_htmx(request: HttpRequest) -> bool:
    return "HX-Request" in request.headers
