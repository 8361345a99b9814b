"""The newest snapshot's stored body in one statement: what programs ask for thousands of times.

It answers only what it is sure of: a slice that exists, for a reader whose token is fresh. Everything else, refusals
included, is left to the view beside it.
"""

import re
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from knox.crypto import hash_token

from evaluation.api.reading import etags_asked, headers_for, within_rate
from evaluation.models import Leaderboard, SnapshotSlice
from sftlab import prepared
from sftlab.accounts.authentication import SEEN_EVERY
from sftlab.accounts.models import ApiToken, User

PLAIN = frozenset({"language", "category", "format"})
"""What a stored body answers; anything else is cut from its rows."""
TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8"}

PATH = re.compile(r"/api/v1/leaderboards/([-\w]+)/")


class QuickBoards:
    """Middleware that answers before sessions, languages and addresses are looked at, of which none matters here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        found = PATH.fullmatch(request.path_info) if request.method in ("GET", "HEAD") else None
        answer = quick(request, found[1]) if found else None
        return self.get_response(request) if answer is None else answer


def quick(request: HttpRequest, slug: str) -> HttpResponse | None:
    request.get_host()  # refuses names that are not this service's
    asked = request.GET
    kind = asked.get("format", "json")
    if kind not in TYPES or not PLAIN.issuperset(asked):
        return None
    words = request.META.get("HTTP_AUTHORIZATION", "").split()
    token = words[1] if len(words) == 2 and words[0].lower() == "token" else ""
    if words and not token:
        return None
    values = {
        "slug": slug,
        "language": asked.get("language", ""),
        "category": asked.get("category", ""),
        "known": etags_asked(request.META.get("HTTP_IF_NONE_MATCH", "")),
        "digest": hash_token(token) if token else "",
        "seen": SEEN_EVERY,
        "local": settings.IS_LOCAL,
    }
    row = prepared.row(_statement(kind), values)
    if row is None:
        return None
    etag, body, visibility, reader, address = *row, request.META.get("REMOTE_ADDR", "")
    if (token and reader is None) or not within_rate(reader or address):
        return None
    headers = headers_for(visibility, etag)
    if body is None:
        return HttpResponseNotModified(headers=headers)
    content = body.encode()
    return HttpResponse(content, content_type=TYPES[kind], headers={**headers, "Content-Length": str(len(content))})


@cache
def _statement(kind: str) -> str:
    """The body is left out where the reader has it. `reader` is the token's user, if the token may be used as it is."""
    tables = {
        "slice": SnapshotSlice._meta.db_table,
        "board": Leaderboard._meta.db_table,
        "members": Leaderboard.members.through._meta.db_table,
        "token": ApiToken._meta.db_table,
        "user": User._meta.db_table,
        "kind": kind,
    }
    return """
        SELECT s.{kind}_etag, CASE WHEN s.{kind}_etag = ANY(%(known)s) THEN NULL ELSE s.{kind} END, b.visibility, u.id
        FROM {board} b
        JOIN {slice} s ON s.snapshot_id = b.current_id AND s.language = %(language)s AND s.category = %(category)s
        LEFT JOIN {token} t ON t.digest = %(digest)s AND t.expiry > now() AND t.last_used_at > now() - %(seen)s
        LEFT JOIN {user} u ON u.id = t.user_id AND u.is_active AND (%(local)s OR NOT u.demo)
        WHERE b.slug = %(slug)s AND (
            b.visibility = 'public'
            OR u.id IS NOT NULL AND (
                b.visibility = 'token' OR u.is_superuser OR b.created_by_id = u.id
                OR EXISTS (SELECT FROM {members} m WHERE m.leaderboard_id = b.id AND m.user_id = u.id)
            )
        )
    """.format(**tables)  # noqa: S608 - names of tables and one of two columns
