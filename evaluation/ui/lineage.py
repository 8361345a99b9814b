from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from annotation.access import MANAGERS
from annotation.selectors.items import item_for
from evaluation.services.lineage import look_up
from evaluation.services.withdrawals import withdraw
from evaluation.ui.access import admins_only, me


def lineage_page(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    return render(request, "evaluation/lineage.html", {"lineage": look_up(kind=kind, key=key, person=request.user)})


@require_POST
@admins_only
def row_withdraw(request: HttpRequest, row: UUID) -> HttpResponse:
    item = item_for(user=me(request), uuid=row, allowed=MANAGERS)
    _made, touched = withdraw(actor=me(request), row=item, reason=request.POST.get("reason", ""))
    counts = {name: len(found) for name, found in touched.items()}
    said = _("Withdrawn. Marked: %(versions)s versions, %(models)s models, %(leaderboards)s leaderboards.") % counts
    messages.success(request, said, extra_tags="good")
    return redirect("evaluation:lineage", "row", str(row))


urlpatterns = [
    path("lineage/<slug:kind>/<str:key>/", lineage_page, name="lineage"),
    path("rows/<uuid:row>/withdraw/", row_withdraw, name="row-withdraw"),
]
