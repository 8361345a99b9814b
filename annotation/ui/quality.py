"""What managers read about quality, and the page on which one of several responses is kept."""

import csv
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from annotation.access import JUDGES, MANAGERS, access
from annotation.dimensions import DIMENSIONS
from annotation.models import Item, Project, Response
from annotation.selectors import quality, throughput
from annotation.selectors.items import item_for
from annotation.selectors.progress import people
from annotation.services import bulk, review
from annotation.ui.base import person, private
from sftlab.accounts.models import User
from sftlab.errors import Missing, SFTLabError


@private
@require_GET
def overview(request: HttpRequest, project: UUID) -> HttpResponse:
    found = access(person(request), project, MANAGERS)
    days = throughput.per_day(found.project)
    context = {
        "project": found.project,
        "access": found,
        "days": {"series": throughput.chart(days), "x": _("day"), "y": _("answers")} if days else None,
        "agreements": [(_title(one.dimension), one) for one in quality.agreements(found.project)],
        "signals": quality.signals(found.project),
        "chart": _chart(quality.agreement_over_time(found.project)),
        "tab": "quality",
    }
    return render(request, "annotation/quality.html", context)


def _title(dimension: str) -> str:
    known = DIMENSIONS.get(dimension)
    return str(known.title) if known else _("Similarity of the texts")


def _chart(points: list[dict[str, Any]]) -> dict[str, Any] | None:
    kept = [point for point in points if point["value"] is not None]
    names = list(dict.fromkeys(point["dimension"] for point in kept))
    if len({point["until"] for point in kept}) < 2:
        return None
    series = [
        {
            "name": _title(name),
            "x": [point["until"] for point in kept if point["dimension"] == name],
            "y": [point["value"] for point in kept if point["dimension"] == name],
        }
        for name in names
    ]
    return {"series": series, "x": _("until"), "y": _("Krippendorff's alpha")}


@private
@require_GET
def people_csv(request: HttpRequest, project: UUID) -> HttpResponse:
    found = access(person(request), project, MANAGERS).project
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="people.csv"'
    response.write("\ufeff")
    writer = csv.writer(response)
    head = ("person", "scripted", "submitted", "median_seconds", "gold_answered", "gold_accuracy", "gold_low")
    writer.writerow([*head, "gold_high", "accepted", "rejected", "fixed", "paused"])
    for row in people(found):
        standing, user = row.standing, row.member.user
        known = [standing.accuracy, standing.interval.low, standing.interval.high] if standing.answered else [""] * 3
        work = [user.username, user.scripted, row.submitted, row.median_seconds]
        writer.writerow(
            [*work, standing.answered, *known, row.accepted, row.rejected, row.fixed, bool(row.member.paused_at)]
        )
    return response


@private
@require_http_methods(["POST"])
def act(request: HttpRequest, project: UUID) -> HttpResponse:
    """One action on the items that are ticked."""
    found = access(person(request), project, MANAGERS).project
    form = request.POST
    asked = form.get("priority", "")
    bulk.act(
        actor=person(request),
        project=found,
        items=[_uuid(text) for text in form.getlist("item")],
        action=form.get("action", ""),
        username=form.get("username", ""),
        priority=int(asked) if asked.lstrip("-").isdigit() else None,
        reason=form.get("reason", ""),
    )
    return redirect("annotation:items", project=project)


@private
@require_GET
def days_csv(request: HttpRequest, project: UUID) -> HttpResponse:
    found = access(person(request), project, MANAGERS).project
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="answers-per-day.csv"'
    response.write("\ufeff")
    writer = csv.DictWriter(response, ["day", "person", "answers"])
    writer.writeheader()
    writer.writerows(throughput.per_day(found))
    return response


OPEN = (Response.State.WAITING, Response.State.PASSED, Response.State.ACCEPTED)


def _to_adjudicate(project: Project, user: User) -> Item | None:
    """An item with two or more open responses, none of them this person's, not decided yet."""
    several = Item.objects.filter(project=project, lane=Item.Lane.WORK, excluded_at=None).annotate(
        answers=Count("responses", filter=Q(responses__state__in=OPEN)),
        decided=Count("responses", filter=Q(responses__state=Response.State.OUTVOTED)),
        own=Count("responses", filter=Q(responses__author=user)),
    )
    return several.filter(answers__gt=1, decided=0, own=0).order_by("pk").first()


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
    item_now = _to_adjudicate(found, person(request))
    if item_now is not None:
        answers = Response.objects.filter(item=item_now, state__in=OPEN).order_by("uuid")
        context |= {"item": item_now, "answers": list(zip("ABCDEFGHIJKLMNOPQRST", answers, strict=False))}
    return render(request, "annotation/adjudicate.html", context)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Missing(_("There is no such response to choose.")) from error
