from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from evaluation.leaderboards.definition import read_definition
from evaluation.models import Leaderboard, Webhook
from evaluation.selectors.boards import board, changes_to, snapshots_of
from evaluation.selectors.leaderboards import get_leaderboard, readable, slice_of, snapshot_at, webhooks_of
from evaluation.services.leaderboards import change_leaderboard, create_leaderboard
from evaluation.services.webhooks import add_webhook, remove_webhook
from evaluation.ui.access import admins_only, me
from evaluation.ui.board_forms import LeaderboardSettings, NewLeaderboard, NewWebhook
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
        "changes": changes_to(snapshot, **asked),
        "is_public": found.visibility == Leaderboard.Visibility.PUBLIC,
    }
    return render(request, "evaluation/leaderboard.html", context)


@admins_only
def leaderboard_settings(request: HttpRequest, slug: str) -> HttpResponse:
    """Who may read it, what it is called, who is told of new snapshots."""
    found = get_leaderboard(slug, request.user)
    form = LeaderboardSettings(request.POST or None, initial=_as_it_is(found))
    if request.method == "POST" and form.is_valid():
        change_leaderboard(actor=me(request), leaderboard=found, **form.cleaned_data)
        messages.success(request, _("Saved."), extra_tags="good")
        return redirect("evaluation:leaderboard-settings", slug)
    return _settings_page(request, found, form, NewWebhook())


@require_POST
@admins_only
def webhook_add(request: HttpRequest, slug: str) -> HttpResponse:
    """The page shows the secret this once, so there is no redirect."""
    found = get_leaderboard(slug, request.user)
    form, made = NewWebhook(request.POST), None
    if form.is_valid():
        try:
            made = add_webhook(actor=me(request), leaderboard=found, **form.cleaned_data)
        except BadInput as error:
            add_faults(form, error)
    settings = LeaderboardSettings(initial=_as_it_is(found))
    return _settings_page(request, found, settings, NewWebhook() if made else form, made)


@require_POST
@admins_only
def webhook_remove(request: HttpRequest, slug: str, webhook: UUID) -> HttpResponse:
    remove_webhook(actor=me(request), leaderboard=get_leaderboard(slug, request.user), webhook=webhook)
    messages.success(request, _("Removed."), extra_tags="good")
    return redirect("evaluation:leaderboard-settings", slug)


def _as_it_is(found: Leaderboard) -> dict[str, str]:
    members = " ".join(found.members.order_by("username").values_list("username", flat=True))
    return {"name": found.name, "description": found.description, "visibility": found.visibility, "members": members}


def _settings_page(
    request: HttpRequest,
    found: Leaderboard,
    form: LeaderboardSettings,
    webhook: NewWebhook,
    made: Webhook | None = None,
) -> HttpResponse:
    context = {"leaderboard": found, "form": form, "webhook": webhook, "made": made, "webhooks": webhooks_of(found)}
    return render(request, "evaluation/leaderboard_settings.html", context)


def _number(request: HttpRequest) -> int | None:
    text = request.GET.get("snapshot", "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


urlpatterns = [
    path("leaderboards/", leaderboard_list, name="leaderboards"),
    path("leaderboards/new/", leaderboard_new, name="leaderboard-new"),
    path("leaderboards/<slug:slug>/", leaderboard_page, name="leaderboard"),
    path("leaderboards/<slug:slug>/settings/", leaderboard_settings, name="leaderboard-settings"),
    path("leaderboards/<slug:slug>/webhooks/", webhook_add, name="webhook-add"),
    path("leaderboards/<slug:slug>/webhooks/<uuid:webhook>/remove/", webhook_remove, name="webhook-remove"),
]
