"""What every endpoint shares: the error shape and pages of results."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions, serializers
from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_handler

from sftlab.errors import FieldError, SFTLabError, Unavailable


class ErrorSerializer(serializers.Serializer[Any]):
    """The one shape of an error; named in the schema."""

    code = serializers.CharField()
    message = serializers.CharField()
    errors = serializers.ListField(child=serializers.DictField())  # type: ignore[assignment]  # the contract's name


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """`{code, message, errors: [{field, reason}]}` for everything that can be answered."""
    if isinstance(error, OperationalError):
        error = Unavailable(_("The database does not answer right now. Nothing was changed; try again in a moment."))
    if isinstance(error, SFTLabError):
        return Response(
            {"code": error.code, "message": str(error.message), "errors": error.errors}, status=error.status
        )
    response = drf_handler(error, context)
    if response is None:
        return None
    if isinstance(error, exceptions.ValidationError):
        response.data = {
            "code": "bad_input",
            "message": _("The request has faults."),
            "errors": list(_flatten(error.detail)),
        }
    else:
        response.data = {"code": _code(error), "message": _message(error), "errors": []}
    return response


def _code(error: Exception) -> str:
    if isinstance(error, Http404):
        return "not_found"
    if isinstance(error, PermissionDenied):
        return "forbidden"
    return str(getattr(error, "default_code", "error"))


def _message(error: Exception) -> str:
    if isinstance(error, Http404):
        return _("There is no such thing here.")
    return str(getattr(error, "detail", error))


def _flatten(detail: Any, path: str = "") -> Iterator[FieldError]:
    if isinstance(detail, dict):
        for key, value in detail.items():
            yield from _flatten(value, f"{path}.{key}" if path else str(key))
    elif isinstance(detail, list):
        for index, value in enumerate(detail):
            nested = isinstance(value, dict | list)
            yield from _flatten(value, f"{path}[{index}]" if nested else path)
    else:
        yield {"field": _sayable(path), "reason": _sayable(str(detail))}


def _sayable(text: str) -> str:
    """A complaint may quote what was sent, half a surrogate pair included, which no answer can be encoded with."""
    return text.encode("utf-8", "replace").decode()


class Pagination(PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500
