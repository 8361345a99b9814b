from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

WAIT_SECONDS = 15 * 60


def respond(request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
    """Too many wrong passwords: the same answer for a page and a program, with when to try again."""
    text = _("Too many wrong passwords for this name from this address. Try again in 15 minutes.")
    response: HttpResponse
    if request.path.startswith("/api/"):
        response = JsonResponse({"code": "locked_out", "message": text, "errors": []}, status=429)
    else:
        response = render(request, "web/error.html", {"status": 429, "message": text}, status=429)
    response["Retry-After"] = str(WAIT_SECONDS)
    return response
