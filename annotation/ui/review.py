"""The reviewer's page: one response, what came before it, and three verdicts."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.access import JUDGES, access
from annotation.dimensions import DIMENSIONS, FLAGS
from annotation.models import Guideline, Item, Membership, Project, Response
from annotation.selectors.items import comments_on
from annotation.services import review
from annotation.ui.base import person, private
from sftlab.errors import BadInput, Conflict, Missing


@private
@require_GET
def choose(request: HttpRequest) -> HttpResponse:
    mine = Membership.objects.filter(user=person(request), role__in=JUDGES)
    rows = mine.select_related("project").order_by("project_id", "id").distinct("project_id")
    return render(request, "annotation/choose.html", {"memberships": rows, "doing": "review"})


@private
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, project: UUID) -> HttpResponse:
    found = access(person(request), project, JUDGES).project
    context: dict[str, Any] = {"project": found}
    if request.method == "POST":
        try:
            _judge(request)
            return redirect("annotation:review", project=project)
        except (BadInput, Conflict) as error:
            context |= {"refusal": error, "given": request.POST}
    waiting = Response.objects.filter(project=found, state=Response.State.WAITING).exclude(author=person(request))
    response = review.next_for_review(user=person(request), project=found)
    context |= {"waiting": waiting.count(), "response": response}
    if response is not None:
        context |= _shown(found, response)
    return render(request, "annotation/review.html", context)


def _judge(request: HttpRequest) -> None:
    form = request.POST
    response = review.response_for(user=person(request), uuid=_uuid(form.get("response", "")))
    verdict = form.get("verdict", "")
    if verdict not in review.Verdict.values:
        raise BadInput(_("Choose a verdict."))
    review.review(
        user=person(request),
        response=response,
        verdict=verdict,
        comment=form.get("comment", ""),
        output=form.get("output", "").replace("\r\n", "\n"),
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Missing(_("There is no such response.")) from error


def _shown(project: Project, response: Response) -> dict[str, Any]:
    item: Item = response.item
    given = response.ratings or {}
    ratings = [(DIMENSIONS[name], given[name]) for name in project.dimensions if name in given]
    return {
        "item": item,
        "before": _before(project, response),
        "ratings": ratings,
        "flags": [FLAGS[flag] for flag in response.flags if flag in FLAGS],
        "comments": comments_on(item),
        "guidelines": Guideline.objects.filter(project=project, number=response.guideline).first(),
    }


def _before(project: Project, response: Response) -> dict[str, Any] | None:
    """What the author began from: their rejected text, or the draft that came with the item."""
    earlier = Response.objects.filter(item=response.item, author=response.author, state=Response.State.REJECTED)
    last = earlier.filter(pk__lt=response.pk).order_by("-pk").first()
    if last is not None:
        why = last.reviews.order_by("-id").values_list("comment", flat=True).first()
        return {"title": _("Rejected before"), "text": last.output, "why": why}
    if project.kind == Project.Kind.WRITE and response.item.output:
        return {"title": _("The draft they were given"), "text": response.item.output, "why": ""}
    return None


@private
@require_POST
def live_diff(request: HttpRequest, project: UUID) -> HttpResponse:
    """The word diff of a fix while it is being typed."""
    access(person(request), project, JUDGES)
    response = review.response_for(user=person(request), uuid=_uuid(request.POST.get("response", "")))
    after = request.POST.get("output", "").replace("\r\n", "\n")[:20_000]
    return render(request, "annotation/_diff.html", {"before": response.output[:20_000], "after": after})
