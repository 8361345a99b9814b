from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation import tasks
from annotation.access import MANAGERS, access, may_create, projects_of
from annotation.checks import KINDS
from annotation.models import DatasetVersion, Guideline, ImportJob, Project
from annotation.selectors.items import items_of, job_for
from annotation.selectors.progress import people, progress
from annotation.services import datasets, files, projects
from annotation.ui.base import page_of, person, private
from sftlab.errors import SFTLabError

CHOSEN = ("name", "kind", "language", "overlap", "lease_minutes", "review_rate", "gold_rate", "bar", "bar_window",
          "put_back_on_pause", "training_items", "pass_mark", "training_tries")  # fmt: skip


class ProjectForm(forms.ModelForm[Project]):
    guidelines = forms.CharField(
        label=gettext_lazy("Guidelines (Markdown)"), widget=forms.Textarea(attrs={"rows": 10}), required=False
    )

    class Meta:
        model = Project
        fields = CHOSEN


class SettingsForm(forms.ModelForm[Project]):
    """What may change while people work."""

    class Meta:
        model = Project
        fields = (*(name for name in CHOSEN if name not in projects.FIXED), "state")


class VersionForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    train = forms.FloatField(label=gettext_lazy("Share for training"), min_value=0.01, max_value=1, initial=0.9)
    seed = forms.IntegerField(label=gettext_lazy("Seed of the split"), min_value=0, initial=0)
    note = forms.CharField(label=gettext_lazy("Note"), required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def splits(self) -> dict[str, float]:
        train = self.cleaned_data["train"]
        return {"train": 1.0} if train == 1 else {"train": train, "validation": round(1 - train, 6)}


def add_faults(form: forms.BaseForm, error: SFTLabError) -> None:
    """A service's refusal, shown at the fields it names."""
    named = [fault for fault in error.errors if fault["field"] in form.fields]
    for fault in named:
        form.add_error(fault["field"], fault["reason"])
    if not named:
        form.add_error(None, str(error.message))


@private
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    page = page_of(request, projects_of(person(request)), 20)
    rows = [(project, progress(project)) for project in page]
    context = {"rows": rows, "page": page, "may_create": may_create(person(request))}
    return render(request, "annotation/projects.html", context)


@private
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    form = ProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = projects.create_project(actor=person(request), **form.cleaned_data)
            return redirect("annotation:project", project=made.uuid)
        except SFTLabError as error:
            add_faults(form, error)
    return render(request, "annotation/project_form.html", {"form": form})


@private
@require_http_methods(["GET", "POST"])
def settings(request: HttpRequest, project: UUID) -> HttpResponse:
    found = access(person(request), project, MANAGERS)
    form = SettingsForm(request.POST or None, instance=Project.objects.get(pk=found.project.pk))
    if request.method == "POST" and form.is_valid():
        try:
            projects.change_project(actor=person(request), project=found.project, **form.cleaned_data)
            messages.success(request, _("The settings are saved."))
            return redirect("annotation:project", project=project)
        except SFTLabError as error:
            add_faults(form, error)
    return render(request, "annotation/settings.html", {"project": found.project, "access": found, "form": form})


@private
@require_http_methods(["GET", "POST"])
def detail(request: HttpRequest, project: UUID) -> HttpResponse:
    found = access(person(request), project)
    form = VersionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = _freeze(request, project, form)
        if made:
            return redirect("annotation:version", version=made.uuid)
    context = {
        "project": found.project,
        "access": found,
        "progress": progress(found.project),
        "people": people(found.project) if found.manages else [],
        "versions": found.project.versions.select_related("created_by").order_by("-number"),
        "guidelines": Guideline.objects.filter(project=found.project, number=found.project.guideline).first(),
        "form": form,
        "tab": "overview",
    }
    return render(request, "annotation/project.html", context)


def _freeze(request: HttpRequest, project: UUID, form: VersionForm) -> DatasetVersion | None:
    found = access(person(request), project, MANAGERS).project
    given = form.cleaned_data
    try:
        return datasets.create_version(
            actor=person(request),
            project=found,
            name=given["name"],
            splits=form.splits(),
            seed=given["seed"],
            note=given["note"],
        )
    except SFTLabError as error:
        add_faults(form, error)
        return None


@private
@require_GET
def items(request: HttpRequest, project: UUID) -> HttpResponse:
    found = access(person(request), project, MANAGERS)
    asked, only = request.GET.get("q", "").strip(), "warned" in request.GET
    rows = items_of(found.project, asked=asked, warned=only)
    jobs = ImportJob.objects.filter(project=found.project).order_by("-id")[:5]
    context = {"project": found.project, "access": found, "page": page_of(request, rows), "jobs": jobs, "tab": "items"}
    context |= {"asked": asked, "only_warned": only, "warned": items_of(found.project, warned=True).count()}
    return render(request, "annotation/items.html", context | {"kinds": KINDS})


@private
@require_POST
def import_file(request: HttpRequest, project: UUID) -> HttpResponse:
    found = access(person(request), project, MANAGERS).project
    file = request.FILES.get("file")
    if file is None:
        messages.error(request, _("Choose a file first."))
        return redirect("annotation:items", project=project)
    with transaction.atomic():
        job = files.start_import(actor=person(request), project=found, name=file.name or "", content=file)
        tasks.import_file.defer(job=str(job.uuid))
    return redirect("annotation:import-state", project=project, job=job.uuid)


@private
@require_GET
def import_state(request: HttpRequest, project: UUID, job: UUID) -> HttpResponse:
    found = job_for(user=person(request), uuid=job)
    name = "annotation/_import_state.html" if request.headers.get("HX-Request") else "annotation/import_state.html"
    return render(request, name, {"project": found.project, "job": found, "kinds": KINDS})


@private
@require_http_methods(["GET", "POST"])
def guidelines(request: HttpRequest, project: UUID) -> HttpResponse:
    found = access(person(request), project)
    if request.method == "POST":
        access(person(request), project, MANAGERS)
        made = projects.set_guidelines(actor=person(request), project=found.project, text=request.POST.get("text", ""))
        messages.success(request, _("Version %(n)d is in force.") % {"n": made.number})
        return redirect("annotation:guidelines", project=project)
    versions = Guideline.objects.filter(project=found.project).select_related("created_by").order_by("-number")
    context = {"project": found.project, "access": found, "versions": versions, "tab": "guidelines"}
    return render(request, "annotation/guidelines.html", context)
