"""What this app's pages share."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from sftlab.accounts.models import User

View = Callable[..., HttpResponse]


def person(request: HttpRequest) -> User:
    return cast(User, request.user)


def private(view: View) -> View:
    """For people who are logged in, and never kept by a cache or the back button."""
    return login_required(never_cache(view))


def page_of(request: HttpRequest, rows: QuerySet[Any], size: int = 50) -> Page[Any]:
    return Paginator(rows, size).get_page(request.GET.get("page"))
