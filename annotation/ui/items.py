"""One item with all that was made of it, for those who judge; and comments on it."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from annotation.access import JUDGES, access
from annotation.checks import KINDS
from annotation.selectors.items import comments_on, item_for
from annotation.services import review
from annotation.ui.base import person, private


@private
@require_GET
def page(request: HttpRequest, item: UUID) -> HttpResponse:
    found = item_for(user=person(request), uuid=item, allowed=JUDGES)
    responses = found.responses.select_related("author").prefetch_related("reviews__reviewer").order_by("id")
    context = {
        "project": found.project,
        "access": access(person(request), found.project.uuid, JUDGES),
        "item": found,
        "responses": responses,
        "comments": comments_on(found),
        "kinds": KINDS,
    }
    return render(request, "annotation/item.html", context)


@private
@require_POST
def comment(request: HttpRequest, item: UUID) -> HttpResponse:
    """Back to the page that it was written on."""
    found = item_for(user=person(request), uuid=item, allowed=JUDGES)
    review.comment_on(user=person(request), item=found, text=request.POST.get("text", ""))
    if request.POST.get("on") == "review":
        return redirect("annotation:review", project=found.project.uuid)
    return redirect("annotation:item", item=item)
