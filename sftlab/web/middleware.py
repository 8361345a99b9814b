from collections.abc import Callable

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from sftlab.errors import SFTLabError, Unavailable


class ErrorPageMiddleware:
    """A service's refusal, as a page that says what happened and what to do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, OperationalError):
            error = Unavailable(
                _("The database does not answer right now. Nothing was changed; try again in a moment.")
            )
        if not isinstance(error, SFTLabError):
            return None
        context = {"status": error.status, "message": error.message, "errors": error.errors}
        return render(request, "web/error.html", context, status=error.status)
