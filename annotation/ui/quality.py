"""What managers read about quality, and the page on which one of several responses is kept."""

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from annotation.access import JUDGES, MANAGERS, access
from annotation.dimensions import title_of
from annotation.models import Project
from annotation.selectors import quality, throughput
from annotation.selectors.adjudication import open_responses, to_adjudicate
from annotation.selectors.items import item_for
from annotation.selectors.progress import people
from annotation.services import bulk, review
from annotation.ui.base import person, private
from sftlab.errors import Missing, SFTLabError


@private
@require_GET
def overview(request: HttpRequest, project: UUID) -> HttpResponse:
    found = access(person(request), project, MANAGERS)
    days, report = throughput.per_day(found.project), quality.report(found.project)
    context = {
        "project": found.project,
        "access": found,
        "days": {"series": throughput.chart(days), "x": _("day"), "y": _("answers"), "categories": True}
        if days
        else None,
        "agreements": [(title_of(one.dimension), one) for one in report.agreements],
        "signals": report.signals,
        "chart": _chart(report.history, _measure(found.project)),
        "tab": "quality",
    }
    return render(request, "annotation/quality.html", context)


def _measure(project: Project) -> str:
    return _("Krippendorff's alpha") if project.kind == Project.Kind.RATE else "chrF"


def _chart(points: list[dict[str, Any]], measure: str) -> dict[str, Any] | None:
    kept = [point for point in points if point["value"] is not None]
    names = list(dict.fromkeys(point["dimension"] for point in kept))
    if len({point["until"] for point in kept}) < 2:
        return None
    series = [
        {
            "name": title_of(name),
            "x": [_moment(point["until"]) for point in kept if point["dimension"] == name],
            "y": [point["value"] for point in kept if point["dimension"] == name],
        }
        for name in names
    ]
    return {"series": series, "x": _("until"), "y": measure, "categories": True}


def _moment(text: str) -> str:
    return timezone.localtime(datetime.fromisoformat(text)).strftime("%Y-%m-%d %H:%M")


def _csv(name: str, columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> HttpResponse:
    """With a byte order mark: without it spreadsheets garble Chinese."""
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    writer = csv.DictWriter(response, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return response


PERSON = ("person", "scripted", "submitted", "median_seconds", "gold_answered", "gold_accuracy", "gold_low",
          "gold_high", "accepted", "rejected", "fixed", "acceptance", "paused")  # fmt: skip
AGREEMENT = ("until", "dimension", "measure", "value", "low", "high", "n", "reason")


@private
@require_GET
def people_csv(request: HttpRequest, project: UUID) -> HttpResponse:
    found = access(person(request), project, MANAGERS).project
    return _csv("people", PERSON, (row.figures() for row in people(found)))


@private
@require_GET
def agreement_csv(request: HttpRequest, project: UUID) -> HttpResponse:
    found = access(person(request), project, MANAGERS).project
    return _csv("agreement-over-time", AGREEMENT, quality.agreement_over_time(found))


@private
@require_http_methods(["POST"])
def act(request: HttpRequest, project: UUID) -> HttpResponse:
    """One action on the items that are ticked."""
    found = access(person(request), project, MANAGERS).project
    form = request.POST
    asked = form.get("priority", "")
    changed = bulk.act(
        actor=person(request),
        project=found,
        items=[_uuid(text) for text in form.getlist("item")],
        action=form.get("action", ""),
        username=form.get("username", ""),
        priority=int(asked) if asked.lstrip("-").isdigit() else None,
        reason=form.get("reason", ""),
    )
    messages.success(request, ngettext("%(n)d changed.", "%(n)d changed.", changed) % {"n": changed})
    return redirect("annotation:items", project=project)


@private
@require_GET
def days_csv(request: HttpRequest, project: UUID) -> HttpResponse:
    found = access(person(request), project, MANAGERS).project
    return _csv("answers-per-day", ("day", "person", "answers"), throughput.per_day(found))


@private
@require_http_methods(["GET", "POST"])
def adjudicate(request: HttpRequest, project: UUID) -> HttpResponse:
    found = access(person(request), project, JUDGES).project
    context: dict[str, Any] = {"project": found}
    if request.method == "POST":
        try:
            item = item_for(user=person(request), uuid=_uuid(request.POST.get("item", "")), allowed=JUDGES)
            choice = _uuid(request.POST.get("choice", ""))
            review.adjudicate(user=person(request), item=item, choice=choice, comment=request.POST.get("comment", ""))
            return redirect("annotation:adjudicate", project=project)
        except SFTLabError as error:
            context["refusal"] = error
    item_now = to_adjudicate(found, person(request)).first()
    if item_now is not None:
        answers = open_responses(item_now)
        context |= {"item": item_now, "answers": list(zip("ABCDEFGHIJKLMNOPQRST", answers, strict=False))}
    return render(request, "annotation/adjudicate.html", context)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Missing(_("There is no such response to choose.")) from error
