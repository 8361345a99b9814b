"""What a client that asks often needs: a cheap throttle, conditional answers, reading from other origins."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.core.cache import cache
from django.http import HttpResponse, HttpResponseNotModified
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.utils.mediatypes import media_type_matches

from evaluation.models import Leaderboard
from evaluation.study_exports import table_csv

if TYPE_CHECKING:
    from rest_framework.views import APIView

MOST_A_MINUTE = 240_000


def within_rate(who: object) -> bool:
    key = f"read:{who}:{int(time.time() // 60)}"
    cache.add(key, 0, 90)
    try:
        return cache.incr(key) <= MOST_A_MINUTE
    except ValueError:  # dropped from a full cache between the two
        return True


class OwnFormat(BaseContentNegotiation):
    """`?format=` is the view's own matter: its bodies are not rendered."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return next((p for p in parsers if media_type_matches(p.media_type, request.content_type or "")), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


def csv_response(name: str, columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> HttpResponse:
    response = HttpResponse(table_csv(columns, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


class ReadThrottle(BaseThrottle):
    """So many in each minute of the clock: one counter, whatever the rate."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        return within_rate(request.user.pk or self.get_ident(request))

    def wait(self) -> float:
        return 60 - time.time() % 60


def headers_for(visibility: str, etag: str) -> dict[str, str]:
    """A shared cache may keep what anyone may read; whoever keeps it asks again before using it."""
    public = visibility == Leaderboard.Visibility.PUBLIC
    return {
        "ETag": etag,
        "Cache-Control": "public, no-cache" if public else "private, no-cache",
        "Vary": "Accept" if public else "Accept, Authorization, Cookie",
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "ETag, Retry-After",
    }


def etags_asked(header: str) -> list[str]:
    """Of If-None-Match."""
    return [one.strip().removeprefix("W/") for one in header.split(",")]


def is_current(request: Request, etag: str) -> bool:
    asked = etags_asked(request.headers.get("If-None-Match", ""))
    return etag in asked or "*" in asked


def not_modified(headers: Mapping[str, str]) -> HttpResponse:
    return HttpResponseNotModified(headers=dict(headers))
