from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _

from evaluation.leaderboards.definition import read_definition
from evaluation.models import Leaderboard
from evaluation.selectors.boards import board, snapshots_of
from evaluation.selectors.leaderboards import get_leaderboard, readable, slice_of, snapshot_at
from evaluation.services.leaderboards import create_leaderboard
from evaluation.ui.access import admins_only, me
from evaluation.ui.forms import NewLeaderboard
from sftlab.accounts.ui.views import add_faults
from sftlab.errors import BadInput


def leaderboard_list(request: HttpRequest) -> HttpResponse:
    found = readable(request.user).select_related("study")
    return render(request, "evaluation/leaderboards.html", {"leaderboards": found})


@admins_only
def leaderboard_new(request: HttpRequest) -> HttpResponse:
    form = NewLeaderboard(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_leaderboard(actor=me(request), **form.asked())
        except BadInput as error:
            add_faults(form, error)
        else:
            messages.success(request, _("The leaderboard is being built."), extra_tags="good")
            return redirect("evaluation:leaderboard", made.slug)
    return render(request, "evaluation/leaderboard_new.html", {"form": form})


def leaderboard_page(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_leaderboard(slug, request.user)
    if found.current is None:
        return render(request, "evaluation/leaderboard_empty.html", {"leaderboard": found})
    snapshot = snapshot_at(found, number=_number(request))
    asked = {name: request.GET.get(name, "") for name in ("language", "category")}
    context = {
        "leaderboard": found,
        "snapshot": snapshot,
        "board": board(slice_of(snapshot, **asked)),
        "definition": read_definition(snapshot.definition),
        "asked": asked,
        "snapshots": snapshots_of(found),
        "is_public": found.visibility == Leaderboard.Visibility.PUBLIC,
    }
    return render(request, "evaluation/leaderboard.html", context)


def _number(request: HttpRequest) -> int | None:
    text = request.GET.get("snapshot", "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


urlpatterns = [
    path("leaderboards/", leaderboard_list, name="leaderboards"),
    path("leaderboards/new/", leaderboard_new, name="leaderboard-new"),
    path("leaderboards/<slug:slug>/", leaderboard_page, name="leaderboard"),
]
