from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sftlab.accounts.models import User
from sftlab.accounts.services import set_language
from sftlab.web.navigation import offers

COOKIE_SECONDS = 365 * 24 * 3600


@login_required
def home(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    found = offers(request.user)
    cards = [card for offer in found for card in offer.cards()]
    stages = sorted((stage for offer in found for stage in offer.stages()), key=lambda stage: stage.place)
    return render(request, "web/home.html", {"cards": cards, "stages": stages})


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Switch the language for this browser, and for the person if there is one."""
    code = request.POST.get("language", "")
    if not check_for_language(code):
        return HttpResponseBadRequest()
    if isinstance(request.user, User):
        set_language(user=request.user, language=code)
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    response = redirect(back if safe else reverse("web:home"))
    response.set_cookie("django_language", code, max_age=COOKIE_SECONDS, samesite="Lax")
    return response


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith("/api/"):
        words = _("There is no such thing here.")
        return JsonResponse({"code": "not_found", "message": words, "errors": []}, status=404)
    return render(request, "web/error.html", {"status": 404}, status=404)


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "web/error.html", {"status": 403, "message": str(exception)}, status=403)


def failed(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        words = _("Something broke on our side. Nothing that was acknowledged is lost.")
        return JsonResponse({"code": "error", "message": words, "errors": []}, status=500)
    return render(request, "web/error.html", {"status": 500}, status=500)
