"""The page to annotate on. It is a form that works alone; the script beside it saves drafts and looks ahead."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.access import ANNOTATOR, access
from annotation.dimensions import DIMENSIONS, FLAGS, SCALE
from annotation.feedback import feedback_text
from annotation.models import Guideline, Membership, Project
from annotation.selectors.items import comments_on
from annotation.selectors.work import item_payload, kept_drafts, returned_because
from annotation.services import work
from annotation.services.standing import standing_of
from annotation.ui.base import page_of, person, private
from sftlab.errors import Missing, NotPermitted


@private
@require_GET
def choose(request: HttpRequest) -> HttpResponse:
    mine: QuerySet[Membership] = Membership.objects.filter(user=person(request), role=ANNOTATOR)
    rows = mine.select_related("project").order_by("project__state", "-project_id")
    return render(request, "annotation/choose.html", {"memberships": rows, "doing": "annotate"})


@private
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, project: UUID) -> HttpResponse:
    if request.method == "POST":
        return _act(request, project)
    try:
        claimed = work.claim(user=person(request), project=project)
    except NotPermitted as refusal:
        return _blocked(request, project, refusal)
    found = claimed.project if claimed else access(person(request), project).project
    context = _context(claimed) if claimed else {"project": found, "item": None}
    return render(request, "annotation/annotate.html", context | {"guidelines": _guidelines(found)})


def _guidelines(project: Project) -> Guideline | None:
    return Guideline.objects.filter(project=project, number=project.guideline).first()


def _blocked(request: HttpRequest, project: UUID, refusal: NotPermitted) -> HttpResponse:
    found = access(person(request), project)
    member = Membership.objects.filter(project=found.project, user=person(request), role=ANNOTATOR).first()
    context = {"project": found.project, "member": member, "code": refusal.code, "reason": refusal.message}
    context |= {"standing": standing_of(member) if member else None}
    context |= {"drafts": kept_drafts(person(request), found.project)[:20]}
    return render(request, "annotation/blocked.html", context, status=403)


@private
@require_GET
def drafts(request: HttpRequest, project: UUID) -> HttpResponse:
    """What this person wrote in the project and did not submit."""
    found = access(person(request), project).project
    rows = page_of(request, kept_drafts(person(request), found), 20)
    return render(request, "annotation/drafts.html", {"project": found, "page": rows})


def _context(claimed: work.Claimed) -> dict[str, Any]:
    draft = claimed.assignment.draft if isinstance(claimed.assignment.draft, dict) else {}
    item, project = claimed.item, claimed.project
    return {
        "project": project,
        "assignment": claimed.assignment,
        "item": item_payload(item, project),
        "draft": draft,
        "returned": returned_because(claimed.assignment),
        "text": draft.get("output") or (item.output if project.kind == Project.Kind.WRITE else ""),
        "dimensions": [DIMENSIONS[name] for name in project.dimensions],
        "scale": SCALE,
        "flags": FLAGS,
        "comments": comments_on(item),
        "today": claimed.today,
        "key": uuid4(),
    }


@private
@require_POST
def following(request: HttpRequest, project: UUID) -> HttpResponse:
    """The item after the one on the page, as a fragment that the script keeps until it is wanted."""
    ahead = request.POST.get("ahead") == "1"
    if ahead:
        work.claim(user=person(request), project=project)
    claimed = work.claim(user=person(request), project=project, ahead=ahead)
    if claimed is None:
        return HttpResponse(status=204)
    return render(request, "annotation/_item.html", _context(claimed))


def _act(request: HttpRequest, project: UUID) -> HttpResponse:
    form = request.POST
    assignment = _uuid(form.get("assignment", ""))
    action = form.get("action")
    if action == "skip":
        work.skip(user=person(request), assignment=assignment, reason=form.get("reason", ""))
    elif action == "release":
        work.release(user=person(request), assignment=assignment)
        return redirect("annotation:annotate-list")
    else:
        done = work.submit(user=person(request), assignment=assignment, body=_body(form), key=form.get("key", ""))
        _tell(request, done)
    return redirect("annotation:annotate", project=project)


def _tell(request: HttpRequest, done: work.Submitted) -> None:
    if done.result is not None:
        said = [_("Right.") if done.result.passed else _("Not quite."), feedback_text(done.item.feedback)]
        messages.add_message(request, messages.INFO, " ".join([*said, *done.result.missed]).strip())


def _body(form: Mapping[str, str]) -> dict[str, Any]:
    """The form's fields as the API takes them."""
    body: dict[str, Any] = {"lead_time": _number(form.get("lead_time")), "flags": _flags(form)}
    if form.get("guideline", "").isdigit():
        body["guideline"] = int(form["guideline"])
    ratings = {name[7:]: int(value) for name, value in form.items() if name.startswith("rating-") and value.isdigit()}
    return (
        {**body, "ratings": ratings}
        if form.get("kind") == Project.Kind.RATE
        else {**body, "output": form.get("output", "")}
    )


def _flags(form: Mapping[str, str]) -> list[str]:
    return [name for name in FLAGS if form.get(f"flag-{name}")]


def _number(text: str | None) -> float:
    try:
        return max(0.0, float(text or 0))
    except ValueError:
        return 0.0


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Missing(_("There is no such assignment.")) from error
