"""What this app's endpoints share."""

from collections.abc import Callable, Sequence
from typing import Any, cast

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sftlab.accounts.models import User
from sftlab.api import Pagination


def person(request: Request) -> User:
    return cast(User, request.user)


def parsed(form: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    made = form(data=request.data)
    made.is_valid(raise_exception=True)
    return dict(made.validated_data)


def paged(
    request: Request,
    view: APIView,
    rows: QuerySet[Any],
    shape: Callable[[Sequence[Any]], Any],
) -> Response:
    pages = Pagination()
    page = pages.paginate_queryset(rows, request, view=view)
    return pages.get_paginated_response(shape(page or []))
