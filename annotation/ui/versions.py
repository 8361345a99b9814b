from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from annotation.exports import FORMATS
from annotation.models import DatasetVersion, VersionRow
from annotation.selectors.datasets import diff, version_for
from annotation.ui.base import page_of, person, private


@private
@require_GET
def page(request: HttpRequest, version: UUID) -> HttpResponse:
    found = version_for(person(request), version)
    rows = VersionRow.objects.filter(version=found).select_related("item", "response__author").order_by("number")
    earlier = DatasetVersion.objects.filter(project=found.project, number__lt=found.number).order_by("-number").first()
    context = {
        "version": found,
        "project": found.project,
        "page": page_of(request, rows, 25),
        "formats": FORMATS,
        "earlier": earlier,
        "changes": {name: len(ids) for name, ids in diff(found, earlier).items()} if earlier else None,
    }
    return render(request, "annotation/version.html", context)
